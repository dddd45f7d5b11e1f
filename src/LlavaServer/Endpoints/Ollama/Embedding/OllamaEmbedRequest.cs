namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>Body of <c>POST /api/embed</c> or of the older <c>POST /api/embeddings</c>. Immutable, copied out of the body.</summary>
internal sealed record OllamaEmbedRequest
{
    /// <summary>As the caller wrote it; empty if it was not given.</summary>
    public string Model { get; init; } = "";

    /// <summary>One vector each; none only loads the model.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>An input that is longer than the context loses its end, instead of being refused.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Numbers of a vector at most; 0 and less is all.</summary>
    public long Dimensions { get; init; }

    public KeepAlive KeepAlive { get; init; }
}
