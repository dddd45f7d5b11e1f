using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Embeddings;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Members of a request that would change the answer and that this version does not honour: refused by name, never passed over. Neutral values are
/// accepted. The order, and the texts that are Ollama's own, are part of the dialect.
/// </summary>
internal static class OllamaRefusals
{
    /// <summary>Checks <c>/api/generate</c>.</summary>
    /// <param name="root">The body.</param>
    /// <param name="request">The body as it was read.</param>
    /// <param name="target">The model.</param>
    /// <param name="fills">Whether the model fills gaps.</param>
    public static void CheckGenerate(JsonFields root, OllamaGenerateRequest request, OllamaTarget target, bool fills)
    {
        var hasContext = root.TryGet("context", out var context) && context.AsArray().Any();
        if (request.Raw && (request.Template.Length > 0 || request.System.Length > 0 || hasContext))
        {
            throw RequestException.InvalidValue("raw", "raw mode does not support template, system, or context");
        }

        CheckThink(root, request.Model, target);
        CheckCompletes(request.Model, target, "generate");
        if (request.Suffix.Length > 0 && !fills)
        {
            throw RequestException.Unsupported("suffix", $"{target.Name.Full} does not support insert");
        }
    }

    /// <summary>Checks <c>/api/chat</c>.</summary>
    public static void CheckChat(JsonFields root, OllamaChatRequest request, OllamaTarget target)
    {
        CheckThink(root, request.Model, target);
        CheckCompletes(request.Model, target, "chat");
    }

    /// <summary>A model whose file says how its states become one vector was made for vectors.</summary>
    private static void CheckCompletes(string model, OllamaTarget target, string what)
    {
        if (target.Model.Pooling != PoolingType.None)
        {
            throw RequestException.Unsupported("model", $"{OllamaText.Quote(model)} does not support {what}");
        }
    }

    private static void CheckThink(JsonFields root, string model, OllamaTarget target)
    {
        if (!root.TryGet("think", out var think))
        {
            return;
        }

        switch (think.Kind)
        {
            case JsonValueKind.False:
                return;
            case JsonValueKind.True:
            case JsonValueKind.String when think.AsString() is "low" or "medium" or "high" or "max":
                if (target.Model.Thinks is null)
                {
                    throw RequestException.Unsupported("think", $"{OllamaText.Quote(model)} does not support thinking");
                }

                return;
            case JsonValueKind.String:
                throw RequestException.InvalidValue(
                    "think", $"invalid think value: {OllamaText.Quote(think.AsString())} (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
            default:
                throw RequestException.InvalidValue("think", "think must be a boolean or string (\"high\", \"medium\", \"low\", \"max\", true, or false)");
        }
    }
}
