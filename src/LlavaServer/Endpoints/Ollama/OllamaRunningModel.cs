using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One model in memory. Immutable.</summary>
internal sealed record OllamaRunningModel
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("model")]
    public required string Model { get; init; }

    /// <summary>Bytes in use.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    [JsonPropertyName("digest")]
    public required string Digest { get; init; }

    [JsonPropertyName("details")]
    public required OllamaModelDetails Details { get; init; }

    /// <summary>When it leaves memory; centuries ahead for never.</summary>
    [JsonPropertyName("expires_at")]
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Bytes of it on a GPU; 0 is all on the CPU.</summary>
    [JsonPropertyName("size_vram")]
    public required long SizeVram { get; init; }

    [JsonPropertyName("context_length")]
    public required int ContextLength { get; init; }

    [JsonPropertyName("queue")]
    public required OllamaQueue Queue { get; init; }

    /// <summary>Which engine computes. Ollama has no such member, nor the next two.</summary>
    [JsonPropertyName("engine")]
    public required string Engine { get; init; }

    /// <summary>The processor, or the graphics cards by their names.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    [JsonPropertyName("threads")]
    public required int Threads { get; init; }
}
