namespace LlavaServer.Inference.Tools;

/// <summary>
/// How a family of models writes calls of tools: text in front of the first call, between two, and behind the last, around calls of one of two forms. Of
/// every text only the words count; white space between them is free. Immutable.
/// </summary>
internal sealed record CallSyntax
{
    /// <summary>
    /// The form of Hermes and Qwen, which this server explains to models whose template has none of its own:
    /// <c>&lt;tool_call&gt;{"name": ..., "arguments": ...}&lt;/tool_call&gt;</c>.
    /// </summary>
    public static CallSyntax Generic { get; } = new()
    {
        Before = "<tool_call>\n",
        Between = "\n</tool_call>\n<tool_call>\n",
        After = "\n</tool_call>",
    };

    /// <summary>Text before the first call; its first word tells calls from text. Empty: the call is the whole answer.</summary>
    public string Before { get; init; } = "";

    /// <summary>Text between two calls, or null if an answer has one call at most.</summary>
    public string? Between { get; init; }

    public string After { get; init; } = "";

    /// <summary>Member of the call's object that holds the arguments: <c>arguments</c> or <c>parameters</c>.</summary>
    public string ArgumentsKey { get; init; } = "arguments";

    /// <summary>Text between a name and its arguments, for calls that are a bare name and an object. Null: a call is an object with both.</summary>
    public string? NameEnd { get; init; }

    /// <summary>Text between an id behind <see cref="NameEnd"/> and the arguments, or null if there is no id.</summary>
    public string? IdEnd { get; init; }

    /// <summary>Whether the call's object ends with a member <c>id</c>.</summary>
    public bool HasIdMember { get; init; }

    /// <summary>Another word that may stand in front of a call, as Llama 3.1's <c>&lt;|python_tag|&gt;</c>; or null.</summary>
    public string? OtherMarker { get; init; }

    /// <summary>The words that tell calls from text; none if only a whole answer can be a call.</summary>
    public IReadOnlyList<string> Markers => [.. new[] { FirstWord(Before), OtherMarker }.OfType<string>().Where(static word => word.Length > 0)];

    /// <summary>Whether an answer that begins as a call is one.</summary>
    public bool IsBare => Before.Length == 0;

    /// <summary>What stands before the first call behind its marker.</summary>
    public string BeforeRest => Before.TrimStart()[FirstWord(Before).Length..];

    private static string FirstWord(string text)
    {
        var trimmed = text.TrimStart();
        var end = trimmed.AsSpan().IndexOfAny(" \n\t\r");
        return end < 0 ? trimmed : trimmed[..end];
    }
}
