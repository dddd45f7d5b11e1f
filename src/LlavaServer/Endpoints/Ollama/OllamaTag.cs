using System.Text.Json.Serialization;
using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One model in a list. Immutable.</summary>
internal sealed record OllamaTag
{
    /// <summary>With its tag: <c>llava:latest</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("model")]
    public required string Model { get; init; }

    [JsonPropertyName("modified_at")]
    public required DateTimeOffset ModifiedAt { get; init; }

    /// <summary>Bytes of all files.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    [JsonPropertyName("digest")]
    public required string Digest { get; init; }

    [JsonPropertyName("details")]
    public required OllamaModelDetails Details { get; init; }

    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    public static OllamaTag Of(ModelEntry model) => new()
    {
        Name = model.Name,
        Model = model.Name,
        ModifiedAt = model.ModifiedAt,
        Size = model.SizeBytes,
        Digest = model.Digest,
        Details = OllamaModelDetails.Of(model),
        Capabilities = model.Capabilities,
    };
}
