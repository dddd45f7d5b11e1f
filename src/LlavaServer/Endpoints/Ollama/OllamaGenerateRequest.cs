namespace LlavaServer.Endpoints.Ollama;

/// <summary>Body of <c>POST /api/generate</c>. Immutable.</summary>
internal sealed record OllamaGenerateRequest : OllamaRequest
{
    /// <summary>The question; empty only loads the model.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Pictures as base64 (PNG, JPEG, WebP, GIF, BMP).</summary>
    public IReadOnlyList<byte[]> Images { get; init; } = [];

    /// <summary>System text in place of the model's own; empty is the model's own.</summary>
    public string System { get; init; } = "";

    /// <summary>What stands behind the gap that is filled; empty when there is none.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>Go template in place of the model's own; empty is the model's own.</summary>
    public string Template { get; init; } = "";

    /// <summary>Tokens of an earlier conversation; null when the member was not given.</summary>
    public IReadOnlyList<int>? Context { get; init; }

    /// <summary>The prompt goes to the model untouched, without a template.</summary>
    public bool Raw { get; init; }
}
