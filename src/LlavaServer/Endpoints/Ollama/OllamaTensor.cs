using System.Text.Json.Serialization;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One tensor of a model. Immutable.</summary>
internal sealed record OllamaTensor(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("shape")] long[] Shape)
{
    public static OllamaTensor Of(GgufTensor tensor) => new(tensor.Name, TensorTypes.Name(tensor.Type), tensor.Shape.ToArray());
}
