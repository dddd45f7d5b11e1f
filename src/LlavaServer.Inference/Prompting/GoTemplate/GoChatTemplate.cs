using System.Text;
using System.Text.Json;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Tools;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// A template as Ollama's models bring it, interpreted. One that reads <c>.Messages</c> writes the conversation in one go; others write turn after turn, the
/// last one up to its response. Immutable, used from any thread.
/// </summary>
internal sealed class GoChatTemplate : ChatTemplate
{
    /// <summary>How errors and warnings name the template.</summary>
    public const string TemplateName = "template";

    /// <summary>How model information names the family.</summary>
    public const string FamilyName = "go";

    private readonly GoProgram _program;
    private readonly ITokenizer _tokenizer;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;
    private readonly string _bos;

    private GoChatTemplate(GoProgram program, ITokenizer tokenizer, LimitOptions limits, TimeProvider time, string[] stopTexts)
        : base(FamilyName, stopTexts)
    {
        _program = program;
        _tokenizer = tokenizer;
        _limits = limits;
        _time = time;
        _bos = tokenizer.BosTokenId < 0 ? "" : Encoding.UTF8.GetString(tokenizer.GetBytes(tokenizer.BosTokenId, special: true));
        TakesMessages = program.Names.Contains("messages");
        TakesSuffix = program.Names.Contains("suffix");
        Calls = TakesMessages && program.Names.Contains("tools") ? GoCalls.Find(this, tokenizer) : null;
    }

    /// <summary>Whether it writes all messages itself; else turn after turn.</summary>
    public bool TakesMessages { get; }

    /// <summary>Whether it can fill a gap in front of a suffix.</summary>
    public bool TakesSuffix { get; }

    /// <summary>How it writes calls, if it shows tools, calls and results; else null.</summary>
    public CallSyntax? Calls { get; }

    /// <summary>Text of the template.</summary>
    public string Source => _program.Source;

    /// <summary>Throws <see cref="JinjaException"/> for a text that is no template.</summary>
    /// <param name="source">Text of the template.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="limits">Bounds of every rendering.</param>
    /// <param name="time">What <c>currentDate</c> reads.</param>
    /// <param name="stopTexts">Texts that end an answer, besides the end tokens of the vocabulary.</param>
    public static GoChatTemplate Compile(string source, ITokenizer tokenizer, LimitOptions limits, TimeProvider time, params string[] stopTexts) =>
        new(GoProgram.Compile(TemplateName, source), tokenizer, limits, time, stopTexts);

    public override bool Reads(string variable) => variable switch
    {
        PromptVariables.Thinking => _program.Names.Contains("think") || _program.Names.Contains("isthinkset"),
        PromptVariables.ThinkLevel => _program.Names.Contains("thinklevel"),
        _ => false,
    };

    /// <summary>Throws <see cref="InferenceException"/> when the template fails or does not end.</summary>
    public override void Render(Conversation conversation, PromptText output)
    {
        var messages = conversation.Messages;
        var tools = conversation.Tools;
        if (conversation.HasTools)
        {
            if (Calls is { } calls)
            {
                output.Calls = calls;
            }
            else
            {
                messages = ToolFolding.Fold(messages, tools);
                tools = [];
            }
        }

        try
        {
            Write(Text(conversation, messages, tools), messages, output);
        }
        catch (JinjaException failure)
        {
            throw new InferenceException(InferenceError.Unsupported, $"The model's chat template could not be rendered: {failure.Message}.", failure)
            {
                Parameter = "messages",
            };
        }
    }

    /// <summary>What the template writes of messages and tools. Throws <see cref="JinjaException"/>.</summary>
    public JinjaText Text(Conversation conversation, IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement> tools)
    {
        var turns = GoConversation.Collate(messages);
        var bytes = turns.Sum(static t => (long)GoValues.Bytes(t.Content) + t.Calls.Sum(static c => (long)c.Arguments.Length))
            + tools.Sum(static t => (long)t.GetRawText().Length) + conversation.Suffix.Length;
        var rendering = new Rendering(_program, _time.GetLocalNow(), new JinjaBudget(new JinjaLimits(_limits.TemplateSteps, (2 * bytes) + _limits.TemplateBytes)), conversation);
        return conversation.Suffix.Length > 0 && turns is [.., { Content.Length: > 0 } last]
            ? rendering.Fill(last.Content)
            : TakesMessages ? rendering.Whole(turns, GoTools.Read(tools)) : rendering.Turns(turns);
    }

    private void Write(JinjaText text, IReadOnlyList<ChatMessage> messages, PromptText output)
    {
        var written = new HashSet<int>();
        foreach (var run in text.Runs)
        {
            written.Add(run.Mark - JinjaText.FirstImage);
        }

        // A picture of a message that the template leaves out is seen nevertheless.
        var imageCount = messages.Sum(static m => m.Parts.Count(static p => p.ImageBytes is not null));
        for (var image = 0; image < imageCount; image++)
        {
            if (!written.Contains(image))
            {
                output.Image(image);
            }
        }

        var start = _tokenizer.AddsBos && _bos.Length > 0 && text.Value.StartsWith(_bos, StringComparison.Ordinal) ? _bos.Length : 0;
        JinjaPromptWriter.Write(text, start, null, _tokenizer, output);
    }

    /// <summary>One rendering: the ways in which a conversation becomes executions of the template.</summary>
    private sealed record Rendering(GoProgram Program, DateTimeOffset Now, JinjaBudget Budget, Conversation Conversation)
    {
        public JinjaText Fill(JinjaText prompt) =>
            Program.Render(Root(("Prompt", prompt), ("Suffix", JinjaText.Of(Conversation.Suffix, JinjaText.Input))), Now, Budget);

        public JinjaText Whole(List<GoTurn> turns, GoList tools)
        {
            var text = Render(turns, tools);
            if (Conversation.Ending != PromptEnding.Continued || turns is not [.., { Role: ChatRole.Assistant, Calls.Count: 0, Content: { Length: > 0 } begun }]
                || text.Value.EndsWith(begun.Value, StringComparison.Ordinal))
            {
                return text;
            }

            // The template closes every message: the answer begins behind the others, and goes on with what the caller wrote.
            return new JinjaTextBuilder(Budget).Append(Render(turns[..^1], tools)).Append(begun).ToText();
        }

        public JinjaText Turns(List<GoTurn> turns)
        {
            var output = new JinjaTextBuilder(Budget);
            var (system, prompt, response) = (JinjaText.Empty, JinjaText.Empty, JinjaText.Empty);
            void Execute()
            {
                output.Append(Program.Render(Turn(system, prompt, response), Now, Budget));
                (system, prompt, response) = (JinjaText.Empty, JinjaText.Empty, JinjaText.Empty);
            }

            foreach (var turn in turns)
            {
                switch (turn.Role)
                {
                    case ChatRole.System:
                        if (prompt.Length > 0 || response.Length > 0)
                        {
                            Execute();
                        }

                        system = turn.Content;
                        break;
                    case ChatRole.Assistant:
                        response = turn.Content;
                        break;
                    default:
                        if (response.Length > 0)
                        {
                            Execute();
                        }

                        prompt = turn.Content;
                        break;
                }
            }

            if (response.Length > 0 && Conversation.Ending != PromptEnding.Continued)
            {
                Execute();
                return Conversation.Ending == PromptEnding.Closed ? output.ToText() : Last();
            }

            return Last();

            JinjaText Last()
            {
                output.Append(Program.RenderCut(Turn(system, prompt, response), Now, Budget));
                return output.ToText();
            }
        }

        private JinjaText Render(IReadOnlyList<GoTurn> turns, GoList tools) => Program.Render(
            Root(("System", GoConversation.System(turns)), ("Messages", GoConversation.Messages(turns)), ("Tools", tools)), Now, Budget);

        private GoMap Turn(JinjaText system, JinjaText prompt, JinjaText response) => Root(("System", system), ("Prompt", prompt), ("Response", response));

        private GoMap Root(params ReadOnlySpan<(string Name, object? Value)> values) => GoConversation.Root(Conversation.Variables, values);
    }
}
