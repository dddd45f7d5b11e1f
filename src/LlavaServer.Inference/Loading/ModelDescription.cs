using System.Text.Json;

namespace LlavaServer.Inference.Loading;

/// <summary>The configuration blob of a stored model: what whoever made it says about it. Immutable; what is not said, or is of another type, is null or 0.</summary>
internal sealed record ModelDescription
{
    public string? Family { get; private init; }

    public IReadOnlyList<string>? Families { get; private init; }

    public string? ParameterSize { get; private init; }

    public string? QuantizationLevel { get; private init; }

    public int ContextLength { get; private init; }

    public int EmbeddingLength { get; private init; }

    public static ModelDescription Read(byte[]? json)
    {
        try
        {
            return json is not null && JsonElement.Parse(json) is { ValueKind: JsonValueKind.Object } root
                ? new ModelDescription
                {
                    Family = Text(root, "model_family"),
                    Families = root.TryGetProperty("model_families", out var list) && list.ValueKind == JsonValueKind.Array
                        ? [.. list.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!)]
                        : null,
                    ParameterSize = Text(root, "model_type"),
                    QuantizationLevel = Text(root, "file_type") is { } type && !type.Equals("unknown", StringComparison.OrdinalIgnoreCase) ? type : null,
                    ContextLength = Number(root, "context_length"),
                    EmbeddingLength = Number(root, "embedding_length"),
                }
                : new ModelDescription();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return new ModelDescription();
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static int Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;
}
