using System.Text.Json;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// The messages of a request as a template needs them: system texts joined in front, then the turns of user and assistant. In the turns tools, calls and
/// results are text already, see <see cref="ToolFolding"/>.
/// </summary>
internal sealed class Conversation
{
    private Conversation(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement> tools, string? system, IReadOnlyList<Turn> turns)
    {
        Messages = messages;
        Tools = tools;
        System = system;
        Turns = turns;
    }

    /// <summary>As the request has them, for templates that write every message themselves. Pictures are counted from the first message on.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>Tools that the model may call, each an object of type function as in the OpenAI API; usually none.</summary>
    public IReadOnlyList<JsonElement> Tools { get; }

    /// <summary>Null if the request has no system message: then a template may have a default.</summary>
    public string? System { get; }

    public IReadOnlyList<Turn> Turns { get; }

    public PromptEnding Ending { get; private init; }

    /// <summary>Values of the template's own variables, by their names.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; private init; } = PromptVariables.None;

    /// <summary>Text behind the gap that the answer fills; empty is none. Only templates that say so take it.</summary>
    public string Suffix { get; private init; } = "";

    /// <summary>Whether there are tools, calls or results.</summary>
    public bool HasTools => ToolFolding.IsNeeded(Messages, Tools);

    /// <summary>Whether the answer continues a message that the caller began for the assistant.</summary>
    public bool ContinuesAssistant => Ending == PromptEnding.Continued && Turns.Count > 0 && Turns[^1].Role == ChatRole.Assistant;

    /// <summary>Whether the last turn is written without its end.</summary>
    public bool LeavesOpen(int turn) => ContinuesAssistant && turn == Turns.Count - 1;

    /// <summary>Whether the beginning of an answer follows the last turn.</summary>
    public bool AddsPrompt => Ending != PromptEnding.Closed && !ContinuesAssistant;

    public static Conversation From(
        IReadOnlyList<ChatMessage> messages,
        IReadOnlyList<JsonElement>? tools = null,
        PromptEnding ending = PromptEnding.Continued,
        IReadOnlyDictionary<string, JsonElement>? variables = null,
        string suffix = "")
    {
        List<string>? system = null;
        var turns = new List<Turn>(messages.Count);
        var imageCount = 0;
        foreach (var message in ToolFolding.Fold(messages, tools ?? []))
        {
            var images = new List<int>();
            var texts = new List<string>();
            foreach (var part in message.Parts)
            {
                if (part.Text is { } text)
                {
                    texts.Add(text);
                }
                else
                {
                    images.Add(imageCount++);
                }
            }

            var joined = string.Join('\n', texts);
            if (message.Role == ChatRole.System && images.Count == 0)
            {
                (system ??= []).Add(joined);
            }
            else
            {
                var role = message.Role == ChatRole.Assistant ? ChatRole.Assistant : ChatRole.User;
                turns.Add(new Turn(role, joined, images));
            }
        }

        return new Conversation(messages, tools ?? [], system is null ? null : string.Join('\n', system), turns)
        {
            Ending = ending,
            Variables = variables ?? PromptVariables.None,
            Suffix = suffix,
        };
    }
}
