using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>POST /api/show</c>. Immutable.</summary>
internal sealed record OllamaModelInformation
{
    /// <summary>All license texts.</summary>
    [JsonPropertyName("license")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? License { get; init; }

    [JsonPropertyName("modelfile")]
    public required string Modelfile { get; init; }

    /// <summary>The model's own options, a line each.</summary>
    [JsonPropertyName("parameters")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Parameters { get; init; }

    /// <summary>The Go template of the model, else the chat template inside the model file, if there is one.</summary>
    [JsonPropertyName("template")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Template { get; init; }

    [JsonPropertyName("system")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? System { get; init; }

    [JsonPropertyName("renderer")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Renderer { get; init; }

    [JsonPropertyName("parser")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Parser { get; init; }

    /// <summary>Version of Ollama that the model asks for.</summary>
    [JsonPropertyName("requires")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Requires { get; init; }

    /// <summary>Messages that every conversation begins with: role and content.</summary>
    [JsonPropertyName("messages")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Messages { get; init; }

    [JsonPropertyName("details")]
    public required OllamaModelDetails Details { get; init; }

    /// <summary>Keys and values of the model file; long arrays are empty unless <c>verbose</c> asks for them.</summary>
    [JsonPropertyName("model_info")]
    public required IReadOnlyDictionary<string, JsonElement> ModelInfo { get; init; }

    /// <summary>The same of the file with vision tower and projector.</summary>
    [JsonPropertyName("projector_info")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, JsonElement>? ProjectorInfo { get; init; }

    [JsonPropertyName("tensors")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OllamaTensor>? Tensors { get; init; }

    /// <summary><c>completion</c>, and <c>vision</c> for a model that sees.</summary>
    [JsonPropertyName("capabilities")]
    public required IReadOnlyList<string> Capabilities { get; init; }

    [JsonPropertyName("modified_at")]
    public required DateTimeOffset ModifiedAt { get; init; }
}
