namespace LlavaServer.Inference.Thinking;

/// <summary>The texts between which a model thinks before it answers, as its chat template writes them. Immutable.</summary>
public sealed record ThinkMarkers(string Open, string Close)
{
    private static readonly ThinkMarkers[] s_known = [new("<think>", "</think>"), new("<thinking>", "</thinking>"), new("<seed:think>", "</seed:think>")];

    /// <summary>The markers in the text of a template, Go's or Jinja's; null for a model that does not think.</summary>
    public static ThinkMarkers? In(string? template) => string.IsNullOrEmpty(template)
        ? null
        : Array.Find(s_known, markers => template.Contains(markers.Open, StringComparison.Ordinal) && template.Contains(markers.Close, StringComparison.Ordinal));
}
