using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>
/// Turns bodies of the two routes of embeddings into records, without <c>options</c>. Unknown members are ignored, wrong types refused. Singleton,
/// thread-safe.
/// </summary>
internal sealed class OllamaEmbedReader(IOptions<LimitsOptions> options)
{
    private readonly LimitsOptions _limits = options.Value;

    /// <summary>Reads <c>/api/embed</c>.</summary>
    public OllamaEmbedRequest Read(JsonFields root)
    {
        root.Object("options");
        return new OllamaEmbedRequest
        {
            Model = root.String("model") ?? "",
            Inputs = Inputs(root),
            Truncate = root.Boolean("truncate") ?? true,
            Dimensions = root.Int64("dimensions") ?? 0,
            KeepAlive = KeepAlive.Read(root),
        };
    }

    /// <summary>Reads <c>/api/embeddings</c>, which has one prompt and cuts nothing off.</summary>
    public static OllamaEmbedRequest ReadOld(JsonFields root)
    {
        root.Object("options");
        return new OllamaEmbedRequest
        {
            Model = root.String("model") ?? "",
            Inputs = root.String("prompt") is { Length: > 0 } prompt ? [prompt] : [],
            Truncate = false,
            KeepAlive = KeepAlive.Read(root),
        };
    }

    /// <summary>An empty text alone only loads the model; in an array it is an input like others.</summary>
    private List<string> Inputs(JsonFields root)
    {
        if (!root.TryGet("input", out var input))
        {
            return [];
        }

        switch (input.Kind)
        {
            case JsonValueKind.String:
                return input.AsString() is { Length: > 0 } text ? [text] : [];
            case JsonValueKind.Array when input.Element.GetArrayLength() > _limits.EmbeddingInputs:
                throw RequestException.InvalidValue(
                    "input", $"input has {input.Element.GetArrayLength()} texts; at most {_limits.EmbeddingInputs} are allowed (Limits:EmbeddingInputs)");
            case JsonValueKind.Array:
                return [.. input.AsArray().Select(static item => item.Kind == JsonValueKind.String ? item.AsString() : throw WrongInput(item))];
            default:
                throw WrongInput(input);
        }
    }

    private static RequestException WrongInput(JsonField input) => RequestException.InvalidValue(input.Path, "invalid input type");
}
