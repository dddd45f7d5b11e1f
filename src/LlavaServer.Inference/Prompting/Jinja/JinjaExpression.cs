namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A node of a compiled template that has a value. Immutable.</summary>
internal abstract record JinjaExpression(int Line)
{
    internal sealed record Literal(int Line, object? Value) : JinjaExpression(Line);

    internal sealed record Variable(int Line, string Name) : JinjaExpression(Line);

    internal sealed record ListOf(int Line, JinjaExpression[] Items, bool IsTuple) : JinjaExpression(Line);

    internal sealed record MapOf(int Line, KeyValuePair<JinjaExpression, JinjaExpression>[] Entries) : JinjaExpression(Line);

    /// <summary>Operators of one precedence from left to right: <c>a + b - c</c>. Not nested, so that long sums are not deep.</summary>
    internal sealed record Chain(int Line, JinjaExpression First, KeyValuePair<string, JinjaExpression>[] Rest) : JinjaExpression(Line);

    internal sealed record Logical(int Line, bool IsOr, JinjaExpression[] Operands) : JinjaExpression(Line);

    internal sealed record Compare(int Line, JinjaExpression First, KeyValuePair<string, JinjaExpression>[] Rest) : JinjaExpression(Line);

    internal sealed record Not(int Line, JinjaExpression Operand) : JinjaExpression(Line);

    internal sealed record Sign(int Line, bool IsMinus, JinjaExpression Operand) : JinjaExpression(Line);

    internal sealed record Choice(int Line, JinjaExpression Then, JinjaExpression Condition, JinjaExpression? Else) : JinjaExpression(Line);

    /// <summary><c>value.name</c></summary>
    internal sealed record Member(int Line, JinjaExpression Target, string Text) : JinjaExpression(Line);

    /// <summary><c>value[index]</c></summary>
    internal sealed record Index(int Line, JinjaExpression Target, JinjaExpression Key) : JinjaExpression(Line);

    internal sealed record Slice(int Line, JinjaExpression Target, JinjaExpression? Start, JinjaExpression? Stop, JinjaExpression? Step)
        : JinjaExpression(Line);

    internal sealed record Call(int Line, JinjaExpression Target, JinjaArgumentList Arguments) : JinjaExpression(Line);

    internal sealed record Filtered(int Line, JinjaExpression Value, JinjaFilter Filter, JinjaArgumentList Arguments) : JinjaExpression(Line);

    internal sealed record Tested(int Line, JinjaExpression Value, JinjaFilter Test, JinjaArgumentList Arguments, bool IsNegated)
        : JinjaExpression(Line);
}
