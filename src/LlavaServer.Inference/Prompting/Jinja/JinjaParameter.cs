namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A parameter of a macro.</summary>
internal sealed record JinjaParameter(string Name, JinjaExpression? Default);
