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
}
