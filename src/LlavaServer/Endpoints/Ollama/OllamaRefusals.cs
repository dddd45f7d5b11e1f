using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Members of a request that would change the answer and that this version does not honour: refused by name, never passed over. Neutral values are
/// accepted. The order, and the texts that are Ollama's own, are part of the dialect.
/// </summary>
internal static class OllamaRefusals
{
    /// <summary>Checks <c>/api/generate</c>.</summary>
    public static void CheckGenerate(JsonFields root, OllamaGenerateRequest request, ModelName name)
    {
        var template = root.String("template") ?? "";
        var hasContext = root.TryGet("context", out var context) && context.AsArray().Any();
        if (request.Raw && (template.Length > 0 || request.System.Length > 0 || hasContext))
        {
            throw RequestException.InvalidValue("raw", "raw mode does not support template, system, or context");
        }

        CheckThink(root, request.Model);
        if (root.String("suffix") is { Length: > 0 })
        {
            throw RequestException.Unsupported("suffix", $"{name.Full} does not support insert");
        }

        RefuseIf(template.Length > 0, "template");
        RefuseIf(hasContext, "context");
        CheckOutput(root);
    }

    /// <summary>Checks <c>/api/chat</c>.</summary>
    public static void CheckChat(JsonFields root, OllamaChatRequest request)
    {
        CheckThink(root, request.Model);
        CheckOutput(root);
    }

    private static void CheckThink(JsonFields root, string model)
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
                throw RequestException.Unsupported("think", $"{OllamaText.Quote(model)} does not support thinking");
            case JsonValueKind.String:
                throw RequestException.InvalidValue(
                    "think", $"invalid think value: {OllamaText.Quote(think.AsString())} (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
            default:
                throw RequestException.InvalidValue("think", "think must be a boolean or string (\"high\", \"medium\", \"low\", \"max\", true, or false)");
        }
    }

    private static void CheckOutput(JsonFields root)
    {
        RefuseIf(root.Boolean("logprobs") ?? false, "logprobs");
        RefuseIf(root.Int32("top_logprobs") is > 0, "top_logprobs");
        RefuseIf(root.Boolean("_debug_render_only") ?? false, "_debug_render_only");
    }

    private static void RefuseIf(bool isGiven, string name)
    {
        if (isGiven)
        {
            throw RequestException.Unsupported(name, $"{name} is not supported by this version of LlavaServer; leave it out");
        }
    }
}
