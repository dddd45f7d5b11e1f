namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What a <see cref="JinjaToken"/> is.</summary>
internal enum JinjaTokenKind
{
    Text,
    StatementStart,
    StatementEnd,
    ExpressionStart,
    ExpressionEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}
