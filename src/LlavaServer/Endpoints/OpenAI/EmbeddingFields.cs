using System.Text.Json;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Every field of an embeddings request that the dialect knows. The API's description is made from it too.</summary>
internal static class EmbeddingFields
{
    public static IReadOnlyList<ChatField> All { get; } =
    [
        Honoured("model", "string", "Name of a model, see GET /v1/models. May be left out when one model is served."),
        Honoured("input", "array", "A text, an array of texts, a token array or an array of them; or parts of text and image_url, which together become one vector."),
        Honoured("encoding_format", "string", "float, or base64 of little-endian 32-bit floats."),
        Honoured("dimensions", "integer", "Only the model's own number."),
        new ChatField("embd_normalize", "integer", "Norm of the vectors. Only 2 in this version.", ChatFieldRule.NeutralOnly)
        {
            Neutral = "2",
            IsNeutral = static field => field.Kind == JsonValueKind.Number && field.AsInt64() == 2,
        },
        new ChatField("user", "string", "Accepted and ignored.", ChatFieldRule.Ignored),
    ];

    public static IReadOnlyDictionary<string, ChatField> ByName { get; } = All.ToDictionary(static field => field.Name);

    private static ChatField Honoured(string name, string type, string description) => new(name, type, description, ChatFieldRule.Honoured);
}
