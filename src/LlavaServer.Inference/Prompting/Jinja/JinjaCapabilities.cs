using System.Text.Json;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What a template takes, found out by having it write small conversations when its model is loaded. Immutable.</summary>
/// <param name="TakesText">A message's content may be a string.</param>
/// <param name="TakesParts">It may be a list of parts.</param>
/// <param name="TakesSystem">System messages are written.</param>
/// <param name="TakesObjectArguments">Arguments of tool calls are an object, not JSON text.</param>
/// <param name="Placeholder">What the template writes where a picture stands, or null if it knows no pictures.</param>
internal sealed record JinjaCapabilities(bool TakesText, bool TakesParts, bool TakesSystem, bool TakesObjectArguments, string? Placeholder)
{
    private const string Mark = "Xq7mark";

    // As the processors of the Hugging Face libraries replace them.
    private static readonly string[] s_placeholders =
        ["<image>", "<|image_pad|>", "<|image|>", "<image_soft_token>", "<start_of_image>", "<IMG_CONTEXT>", "[IMG]", "<|IMG|>"];

    /// <summary>Whether the template writes what a user says at all.</summary>
    public bool IsUsable => TakesText || TakesParts;

    /// <param name="render">Renders messages and tools, or returns null where the template refuses them.</param>
    public static JinjaCapabilities Find(Func<JinjaList, object?, JinjaText?> render)
    {
        string? Written(object? tools, params JinjaMap[] messages) => render(new JinjaList([.. messages]), tools)?.Value;

        var ofText = Written(null, Message("user", JinjaText.Of(Mark)));
        var takesText = ofText?.Contains(Mark, StringComparison.Ordinal) == true;
        var ofParts = Written(null, Message("user", Parts(withImage: false)));
        var takesParts = ofParts?.Contains(Mark, StringComparison.Ordinal) == true
            && (takesText ? ofParts == ofText || !HoldsData(ofParts) : !HoldsData(ofParts));
        string? placeholder = null;
        if (takesParts && Written(null, Message("user", Parts(withImage: true))) is { } ofImage && !HoldsData(ofImage))
        {
            placeholder = Array.Find(s_placeholders, p => Count(ofImage, p) == Count(ofParts!, p) + 1);
        }

        object? Content(string text) => takesText
            ? JinjaText.Of(text)
            : new JinjaList([Part("text", text)]);

        var ofSystem = Written(null, Message("system", Content("Zz9sys")), Message("user", Content(Mark)));
        var call = Written(Tools(), Message("user", Content(Mark)), Calling(Content("")), Answer(Content("done")), Message("assistant", Content("ok")), Message("user", Content(Mark)));
        return new JinjaCapabilities(
            takesText,
            takesParts,
            ofSystem?.Contains("Zz9sys", StringComparison.Ordinal) == true,
            call?.Contains("Vv3value", StringComparison.Ordinal) == true && !call.Contains("'Aa5name'", StringComparison.Ordinal),
            placeholder);
    }

    // A list that was printed instead of read.
    private static bool HoldsData(string text) => text.Contains("'type'", StringComparison.Ordinal) || text.Contains("\"type\"", StringComparison.Ordinal);

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static JinjaMap Message(string role, object? content)
    {
        var message = new JinjaMap();
        message.Set("role", JinjaText.Of(role));
        message.Set("content", content);
        return message;
    }

    private static JinjaMap Part(string type, string? text)
    {
        var part = new JinjaMap();
        part.Set("type", JinjaText.Of(type));
        if (text is not null)
        {
            part.Set("text", JinjaText.Of(text));
        }

        return part;
    }

    private static JinjaList Parts(bool withImage) => new(withImage ? [Part("image", null), Part("text", Mark)] : [Part("text", Mark)]);

    private static JinjaMap Calling(object? content)
    {
        using var document = JsonDocument.Parse("""[{"type":"function","function":{"name":"tool1","arguments":{"Aa5name":"Vv3value"}},"id":"call00001"}]""");
        var message = Message("assistant", content);
        message.Set("tool_calls", JinjaJson.Read(document.RootElement));
        return message;
    }

    private static JinjaMap Answer(object? content)
    {
        var message = Message("tool", content);
        message.Set("name", JinjaText.Of("tool1"));
        message.Set("tool_call_id", JinjaText.Of("call00001"));
        return message;
    }

    private static object? Tools()
    {
        using var document = JsonDocument.Parse(
            """[{"type":"function","function":{"name":"tool1","description":"x","parameters":{"type":"object","properties":{"Bb6":{"type":"string","description":"y"}},"required":["Bb6"]}}}]""");
        return JinjaJson.Read(document.RootElement);
    }
}
