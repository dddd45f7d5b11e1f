using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>GET /api/status</c>: there is no cloud behind this server. Immutable.</summary>
internal sealed record OllamaCloudStatus
{
    [JsonPropertyName("cloud")]
    public CloudState Cloud { get; init; } = new(Disabled: true, Source: "config");

    /// <summary>Whether the cloud is switched off, and by what.</summary>
    internal sealed record CloudState(
        [property: JsonPropertyName("disabled")] bool Disabled, [property: JsonPropertyName("source")] string Source);
}
