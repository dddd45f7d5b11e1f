using System.Text.Json.Serialization;
using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>What kind of model it is. Immutable.</summary>
internal sealed record OllamaModelDetails
{
    [JsonPropertyName("parent_model")]
    public string ParentModel { get; init; } = "";

    [JsonPropertyName("format")]
    public string Format { get; init; } = "gguf";

    [JsonPropertyName("family")]
    public required string Family { get; init; }

    [JsonPropertyName("families")]
    public required IReadOnlyList<string> Families { get; init; }

    /// <summary>For example <c>7B</c> or <c>2.13M</c>.</summary>
    [JsonPropertyName("parameter_size")]
    public required string ParameterSize { get; init; }

    /// <summary>For example <c>Q4_0</c> or <c>F16</c>.</summary>
    [JsonPropertyName("quantization_level")]
    public required string QuantizationLevel { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    [JsonPropertyName("context_length")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int ContextLength { get; init; }

    [JsonPropertyName("embedding_length")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int EmbeddingLength { get; init; }

    public static OllamaModelDetails Of(ModelEntry model) => new()
    {
        Family = model.Family,
        Families = model.Families,
        ParameterSize = model is { Stored: not null, ParameterSize.Length: > 0 } ? model.ParameterSize : SizeText(model.ParameterCount),
        QuantizationLevel = model.QuantizationLevel,
        ContextLength = model.ContextLength,
        EmbeddingLength = model.EmbeddingLength,
    };

    /// <summary>Ollama's short form: billions with one decimal, millions with two, thousands with none; no decimals that are all zero.</summary>
    internal static string SizeText(long parameters) => parameters switch
    {
        >= 1_000_000_000 => Scaled(parameters / 1e9, "0.0", "B"),
        >= 1_000_000 => Scaled(parameters / 1e6, "0.00", "M"),
        >= 1_000 => Scaled(parameters / 1e3, "0", "K"),
        _ => parameters.ToString(),
    };

    private static string Scaled(double value, string format, string unit) =>
        value.ToString(value == Math.Truncate(value) ? "0" : format) + unit;
}
