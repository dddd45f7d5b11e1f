namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A node of a compiled template that writes or sets something. Immutable.</summary>
internal abstract record JinjaStatement(int Line)
{
    internal sealed record Text(int Line, string Value) : JinjaStatement(Line);

    internal sealed record Output(int Line, JinjaExpression Value) : JinjaStatement(Line);

    internal sealed record If(int Line, KeyValuePair<JinjaExpression, JinjaStatement[]>[] Branches, JinjaStatement[] Else) : JinjaStatement(Line);

    internal sealed record For(
        int Line, JinjaTarget Target, JinjaExpression Iterable, JinjaExpression? Filter, bool IsRecursive, JinjaStatement[] Body, JinjaStatement[] Else)
        : JinjaStatement(Line);

    internal sealed record Set(int Line, JinjaTarget Target, JinjaExpression Value) : JinjaStatement(Line);

    /// <summary><c>{% set name %}...{% endset %}</c></summary>
    internal sealed record SetBlock(int Line, JinjaTarget Target, JinjaExpression? Filters, JinjaStatement[] Body) : JinjaStatement(Line);

    internal sealed record Macro(int Line, string Name, JinjaParameter[] Parameters, JinjaStatement[] Body) : JinjaStatement(Line);

    internal sealed record CallBlock(int Line, JinjaParameter[] Parameters, JinjaExpression.Call Call, JinjaStatement[] Body) : JinjaStatement(Line);

    /// <summary>The body is what the innermost <see cref="JinjaParser.Captured"/> of <see cref="Filters"/> stands for.</summary>
    internal sealed record FilterBlock(int Line, JinjaExpression Filters, JinjaStatement[] Body) : JinjaStatement(Line);

    internal sealed record With(int Line, KeyValuePair<JinjaTarget, JinjaExpression>[] Values, JinjaStatement[] Body) : JinjaStatement(Line);

    /// <summary>A block without effect on the text, as <c>{% generation %}</c>.</summary>
    internal sealed record Block(int Line, JinjaStatement[] Body) : JinjaStatement(Line);

    internal sealed record Break(int Line) : JinjaStatement(Line);

    internal sealed record Continue(int Line) : JinjaStatement(Line);
}
