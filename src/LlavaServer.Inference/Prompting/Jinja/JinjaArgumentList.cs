namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>The arguments of a call as they are written. Immutable.</summary>
internal sealed record JinjaArgumentList(
    JinjaExpression[] Positional, KeyValuePair<string, JinjaExpression>[] Named, JinjaExpression? Spread, JinjaExpression? NamedSpread)
{
    public static readonly JinjaArgumentList None = new([], [], null, null);
}
