namespace LlavaServer.Endpoints.Ollama;

/// <summary>Callers' words inside error texts: short, so that an error never carries a body back.</summary>
internal static class OllamaText
{
    /// <summary>Longer than any valid model name with host, namespace and tag.</summary>
    private const int MaxLength = 600;

    public static string Cut(string text) => text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "...");

    public static string Quote(string text) => $"\"{Cut(text)}\"";
}
