using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What a template takes, found out by having it write small conversations when its model is loaded. Immutable.</summary>
/// <param name="TakesText">A message's content may be a string.</param>
/// <param name="TakesParts">It may be a list of parts.</param>
/// <param name="TakesSystem">System messages are written.</param>
/// <param name="TakesObjectArguments">Arguments of tool calls are an object, not JSON text.</param>
/// <param name="Placeholder">What the template writes where a picture stands, or null if it knows no pictures.</param>
/// <param name="Calls">How it writes calls, if it shows tools, calls and results; else null.</param>
internal sealed record JinjaCapabilities(
    bool TakesText, bool TakesParts, bool TakesSystem, bool TakesObjectArguments, string? Placeholder, CallSyntax? Calls)
{
    private const string Mark = "Xq7mark";

    // As the processors of the Hugging Face libraries replace them.
    private static readonly string[] s_placeholders =
        ["<image>", "<|image_pad|>", "<|image|>", "<image_soft_token>", "<start_of_image>", "<IMG_CONTEXT>", "[IMG]", "<|IMG|>"];

    /// <summary>Whether the template writes what a user says at all.</summary>
    public bool IsUsable => TakesText || TakesParts;

    /// <param name="source">Text of the template.</param>
    /// <param name="render">Renders messages and tools, with or without the beginning of the answer, or returns null where the template refuses them.</param>
    /// <param name="endOf">Where in a text the first token stands that ends answers, or -1.</param>
    public static JinjaCapabilities Find(string source, Func<JinjaList, object?, bool, JinjaText?> render, Func<string, int> endOf)
    {
        string? WrittenWith(object? tools, bool addsPrompt, params JinjaMap[] messages) => render(new JinjaList([.. messages]), tools, addsPrompt)?.Value;
        string? Written(object? tools, params JinjaMap[] messages) => WrittenWith(tools, true, messages);

        var ofText = Written(null, JinjaProbe.Message("user", JinjaText.Of(Mark)));
        var takesText = ofText?.Contains(Mark, StringComparison.Ordinal) == true;
        var ofParts = Written(null, JinjaProbe.Message("user", Parts(withImage: false)));
        var takesParts = ofParts?.Contains(Mark, StringComparison.Ordinal) == true
            && (takesText ? ofParts == ofText || !HoldsData(ofParts) : !HoldsData(ofParts));
        string? placeholder = null;
        if (takesParts && Written(null, JinjaProbe.Message("user", Parts(withImage: true))) is { } ofImage && !HoldsData(ofImage))
        {
            placeholder = Array.Find(s_placeholders, p => Count(ofImage, p) == Count(ofParts!, p) + 1);
        }

        object? Content(string text) => takesText
            ? JinjaText.Of(text)
            : new JinjaList([JinjaProbe.Part("text", text)]);

        var user = JinjaProbe.Message("user", Content(Mark));
        var ofSystem = Written(null, JinjaProbe.Message("system", Content("Zz9sys")), user);
        var call = Written(
            JinjaProbe.Tools(),
            user,
            JinjaProbe.Calling(Content(""), asText: false, JinjaProbe.FirstCallId),
            JinjaProbe.Answer(Content("done"), JinjaProbe.FirstCallId),
            JinjaProbe.Message("assistant", Content("ok")),
            user);
        var takesObject = call?.Contains(JinjaProbe.ArgumentValue, StringComparison.Ordinal) == true
            && !call.Contains($"'{JinjaProbe.ArgumentName}'", StringComparison.Ordinal);
        return new JinjaCapabilities(
            takesText,
            takesParts,
            ofSystem?.Contains("Zz9sys", StringComparison.Ordinal) == true,
            takesObject,
            placeholder,
            takesText || takesParts ? JinjaCallFormat.Find(WrittenWith, Content, takesObject, source, endOf) : null);
    }

    // A list that was printed instead of read.
    private static bool HoldsData(string text) => text.Contains("'type'", StringComparison.Ordinal) || text.Contains("\"type\"", StringComparison.Ordinal);

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static JinjaList Parts(bool withImage) =>
        new(withImage ? [JinjaProbe.Part("image", null), JinjaProbe.Part("text", Mark)] : [JinjaProbe.Part("text", Mark)]);
}
