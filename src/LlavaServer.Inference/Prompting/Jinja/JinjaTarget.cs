namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What is assigned to: a name, an attribute of a namespace, or several targets at once.</summary>
internal sealed record JinjaTarget(string? Name, string? Attribute, JinjaTarget[] Parts);
