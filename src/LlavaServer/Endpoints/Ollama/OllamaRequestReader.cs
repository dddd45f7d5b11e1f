using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Turns bodies of <c>/api/chat</c> and <c>/api/generate</c> into records, without <c>options</c>, whose errors come later in Ollama's order of checks.
/// Unknown members are ignored, wrong types refused. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaRequestReader(JsonBodyReader bodies, IOptions<LimitsOptions> options)
{
    /// <summary>How the header of ignored members names the thoughts of earlier messages, which only models that think are shown.</summary>
    public const string ThinkingOfMessages = "messages.thinking";

    private const int MaxTopLogprobs = 20;

    private static readonly JsonBodyRules Rules = new()
    {
        AnyContentType = true,
        IgnoresTrailingBytes = true,
        IgnoresCase = true,
        EmptyBodyMessage = "missing request body",
    };

    private readonly LimitsOptions _limits = options.Value;

    /// <summary>The caller disposes the body.</summary>
    public Task<JsonBody> ReadBodyAsync(HttpContext context) => bodies.ReadAsync(context, Rules);

    public OllamaChatRequest ReadChat(JsonFields root)
    {
        CheckShared(root);
        return new OllamaChatRequest
        {
            Model = root.String("model") ?? "",
            Stream = root.Boolean("stream") ?? true,
            KeepAlive = KeepAlive.Read(root),
            Truncate = root.Boolean("truncate") ?? true,
            TopLogprobs = TopLogprobs(root),
            RendersOnly = root.Boolean("_debug_render_only") ?? false,
            Ignored = Ignored(root),
            SwitchesThinkingOff = root.TryGet("think", out var think) && think.Kind == JsonValueKind.False,
            ThinkLevel = root.TryGet("think", out var level) && level.Kind == JsonValueKind.String ? level.AsString() : null,
            Messages = Messages(root),
            Tools = OllamaTools.Read(root),
        };
    }

    public OllamaGenerateRequest ReadGenerate(JsonFields root)
    {
        CheckShared(root);
        OllamaImages.CheckCount(OllamaImages.Count(root), _limits);
        return new OllamaGenerateRequest
        {
            Model = root.String("model") ?? "",
            Stream = root.Boolean("stream") ?? true,
            KeepAlive = KeepAlive.Read(root),
            Truncate = root.Boolean("truncate") ?? true,
            TopLogprobs = TopLogprobs(root),
            RendersOnly = root.Boolean("_debug_render_only") ?? false,
            Ignored = [.. Ignored(root), .. HasUnusedSystem(root) ? ["system"] : (string[])[]],
            SwitchesThinkingOff = root.TryGet("think", out var think) && think.Kind == JsonValueKind.False,
            ThinkLevel = root.TryGet("think", out var level) && level.Kind == JsonValueKind.String ? level.AsString() : null,
            Prompt = root.String("prompt") ?? "",
            System = root.String("system") ?? "",
            Suffix = root.String("suffix") ?? "",
            Template = root.String("template") ?? "",
            Raw = root.Boolean("raw") ?? false,
            Images = OllamaImages.Read(root, _limits),
        };
    }

    private static void CheckShared(JsonFields root)
    {
        root.Object("options");
        root.Boolean("shift");
        if (root.TryGet("top_logprobs", out var field) && field.AsInt64() is < 0 or > MaxTopLogprobs)
        {
            throw RequestException.InvalidValue("top_logprobs", $"top_logprobs must be between 0 and {MaxTopLogprobs}");
        }
    }

    private static int? TopLogprobs(JsonFields root) => root.Boolean("logprobs") == true ? root.Int32("top_logprobs") ?? 0 : null;

    /// <summary>Alternatives without the tokens themselves are not sent, and an answer ends where the context does.</summary>
    private static List<string> Ignored(JsonFields root)
    {
        var names = new List<string>();
        if (root.TryGet("messages", out var messages) && messages.AsArray().Any(static message => message.AsObject().String("thinking") is { Length: > 0 }))
        {
            names.Add(ThinkingOfMessages);
        }

        if (TopLogprobs(root) is null && root.Int32("top_logprobs") > 0)
        {
            names.Add("top_logprobs");
        }

        if (root.Boolean("shift") == true)
        {
            names.Add("shift");
        }

        return names;
    }

    /// <summary>Text around a gap is no conversation.</summary>
    private static bool HasUnusedSystem(JsonFields root) => root.String("suffix") is { Length: > 0 } && root.String("system") is { Length: > 0 };

    private List<OllamaMessage> Messages(JsonFields root)
    {
        var messages = new List<OllamaMessage>();
        if (!root.TryGet("messages", out var field))
        {
            return messages;
        }

        var imageCount = 0;
        foreach (var item in field.AsArray(_limits.Messages))
        {
            imageCount += OllamaImages.Count(item.AsObject());
        }

        OllamaImages.CheckCount(imageCount, _limits);
        foreach (var item in field.AsArray())
        {
            messages.Add(Message(item.AsObject()));
        }

        return messages;
    }

    private OllamaMessage Message(JsonFields fields)
    {
        var role = (fields.String("role") ?? throw RequestException.Missing(fields.PathOf("role"))).ToLowerInvariant();
        if (role is not ("system" or "user" or "assistant" or "tool"))
        {
            throw RequestException.Unsupported(
                fields.PathOf("role"), $"{fields.PathOf("role")}: the role must be \"system\", \"user\", \"assistant\" or \"tool\"");
        }

        return new OllamaMessage
        {
            Role = role,
            Content = fields.String("content") ?? "",
            Thinking = fields.String("thinking"),
            Images = OllamaImages.Read(fields, _limits),
            ToolCalls = OllamaTools.Calls(fields),
            ToolName = fields.String("tool_name"),
            ToolCallId = fields.String("tool_call_id"),
        };
    }
}
