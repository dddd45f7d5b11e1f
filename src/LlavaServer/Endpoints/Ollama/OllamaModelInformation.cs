using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>POST /api/show</c>. Immutable.</summary>
internal sealed record OllamaModelInformation
{
    [JsonPropertyName("modelfile")]
    public required string Modelfile { get; init; }

    /// <summary>The chat template inside the model file, if there is one.</summary>
    [JsonPropertyName("template")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Template { get; init; }

    [JsonPropertyName("details")]
    public required OllamaModelDetails Details { get; init; }

    /// <summary>Keys and values of the model file; long arrays are empty unless <c>verbose</c> asks for them.</summary>
    [JsonPropertyName("model_info")]
    public required IReadOnlyDictionary<string, JsonElement> ModelInfo { get; init; }

    /// <summary>The same of the file with vision tower and projector.</summary>
    [JsonPropertyName("projector_info")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, JsonElement>? ProjectorInfo { get; init; }

    /// <summary><c>completion</c>, and <c>vision</c> for a model that sees.</summary>
    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    [JsonPropertyName("modified_at")]
    public required DateTimeOffset ModifiedAt { get; init; }
}
