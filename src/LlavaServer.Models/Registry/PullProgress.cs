using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>A step of a pull or push, in Ollama's words. Immutable.</summary>
/// <param name="Status">For example <c>pulling manifest</c>, <c>success</c>.</param>
public sealed record PullProgress(string Status)
{
    /// <summary>The file that is on its way.</summary>
    public Digest? Digest { get; init; }

    /// <summary>Its bytes.</summary>
    public long Total { get; init; }

    /// <summary>Bytes of it that are there; never less than before.</summary>
    public long Completed { get; init; }
}
