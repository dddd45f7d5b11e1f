using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>What <c>_debug_render_only</c> answers with: the prompt that the model would have got. Immutable.</summary>
internal sealed record OllamaDebugInfo
{
    /// <summary>Pictures are <c>[img-0]</c> and so on.</summary>
    [JsonPropertyName("rendered_template")]
    public required string RenderedTemplate { get; init; }

    [JsonPropertyName("image_count")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int ImageCount { get; init; }
}
