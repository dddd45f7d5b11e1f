using System.Globalization;
using System.Text;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// A chat template from a model file, interpreted. Conversations that it does not take as they are (a system message, turns that do not alternate) are
/// folded until it does, as llama.cpp does for the first. Immutable, used from any thread.
/// </summary>
internal sealed class JinjaChatTemplate : ChatTemplate
{
    /// <summary>How errors and warnings name the template: where it stands in a model file.</summary>
    public const string MetadataKey = "tokenizer.chat_template";

    /// <summary>How model information names the family.</summary>
    public const string FamilyName = "jinja";

    private readonly JinjaTemplate _template;
    private readonly ITokenizer _tokenizer;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;
    private readonly string _bos;
    private readonly string _eos;

    private JinjaChatTemplate(JinjaTemplate template, ITokenizer tokenizer, LimitOptions limits, TimeProvider time, string[] stopTexts)
        : base(FamilyName, stopTexts)
    {
        _template = template;
        _tokenizer = tokenizer;
        _limits = limits;
        _time = time;
        _bos = TextOf(tokenizer, tokenizer.BosTokenId);
        _eos = TextOf(tokenizer, tokenizer.EosTokenId);
        Capabilities = JinjaCapabilities.Find((messages, tools) =>
        {
            try
            {
                return Render(messages, tools, addsPrompt: true, inputBytes: 1024);
            }
            catch (JinjaException)
            {
                return null;
            }
        });
    }

    public JinjaCapabilities Capabilities { get; }

    /// <summary>Compiles a template and tries it. Throws <see cref="JinjaException"/> for one that cannot be used.</summary>
    /// <param name="source">Text of the template.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="limits">Bounds of every rendering.</param>
    /// <param name="time">What <c>strftime_now</c> reads.</param>
    /// <param name="stopTexts">Texts that end an answer, besides the end tokens of the vocabulary.</param>
    public static JinjaChatTemplate Compile(string source, ITokenizer tokenizer, LimitOptions limits, TimeProvider time, params string[] stopTexts)
    {
        var template = new JinjaChatTemplate(JinjaTemplate.Compile(MetadataKey, source), tokenizer, limits, time, stopTexts);
        return template.Capabilities.IsUsable
            ? template
            : throw new JinjaException(JinjaError.Value, MetadataKey, 1, "it does not write what a user says");
    }

    public override void Render(Conversation conversation, PromptText output) => Render(conversation, output, addsPrompt: true);

    /// <summary>Throws <see cref="InferenceException"/> when the template refuses the conversation or does not end.</summary>
    /// <param name="conversation">What is written.</param>
    /// <param name="output">Receives it.</param>
    /// <param name="addsPrompt">Whether the beginning of the answer is written too.</param>
    public void Render(Conversation conversation, PromptText output, bool addsPrompt)
    {
        var messages = conversation.Messages;
        ChatMessage? continued = null;
        if (addsPrompt && messages is [.., { Role: ChatRole.Assistant, ToolCalls.Count: 0 } last])
        {
            continued = last;
            messages = [.. messages.Take(messages.Count - 1)];
        }

        if (!Capabilities.TakesSystem)
        {
            messages = JinjaConversation.FoldSystem(messages);
        }

        var text = Fitting(messages, conversation, addsPrompt);
        var start = _tokenizer.AddsBos && _bos.Length > 0 && text.Value.StartsWith(_bos, StringComparison.Ordinal) ? _bos.Length : 0;
        JinjaPromptWriter.Write(text, start, Placeholder(text, messages), _tokenizer, output);
        if (continued is not null)
        {
            output.Text(string.Join('\n', continued.Parts.Select(p => p.Text)));
        }
    }

    private static string TextOf(ITokenizer tokenizer, int tokenId) =>
        tokenId < 0 ? "" : Encoding.UTF8.GetString(tokenizer.GetBytes(tokenId, special: true));

    private static long BytesOf(Conversation conversation)
    {
        long bytes = 0;
        foreach (var message in conversation.Messages)
        {
            bytes += message.Parts.Sum(p => p.Text is null ? 0L : Encoding.UTF8.GetByteCount(p.Text));
            bytes += message.ToolCalls.Sum(c => (long)Encoding.UTF8.GetByteCount(c.Arguments));
        }

        return bytes + conversation.Tools.Sum(t => (long)Encoding.UTF8.GetByteCount(t.GetRawText()));
    }

    private JinjaText Fitting(IReadOnlyList<ChatMessage> messages, Conversation conversation, bool addsPrompt)
    {
        var inputBytes = BytesOf(conversation);
        JinjaText Attempt(IReadOnlyList<ChatMessage> attempt)
        {
            var tools = conversation.Tools.Count == 0 ? null : new JinjaList([.. conversation.Tools.Select(t => JinjaJson.Read(t))]);
            return Render(JinjaConversation.Messages(attempt, Capabilities), tools, addsPrompt, inputBytes);
        }

        try
        {
            try
            {
                return Attempt(messages);
            }
            catch (JinjaException refusal) when (refusal.Error is JinjaError.Raised or JinjaError.Value)
            {
                return Attempt(JinjaConversation.Alternating(messages));
            }
        }
        catch (JinjaException failure)
        {
            var words = failure.Error == JinjaError.Raised ? "refused the conversation" : "could not be rendered";
            throw new InferenceException(InferenceError.Unsupported, $"The model's chat template {words}: {failure.Message}.", failure) { Parameter = "messages" };
        }
    }

    // A placeholder counts only if the template wrote one for every picture.
    private string? Placeholder(JinjaText text, IReadOnlyList<ChatMessage> messages)
    {
        var pictures = messages.Sum(m => m.Parts.Count(p => p.ImageBytes is not null));
        if (pictures == 0 || Capabilities.Placeholder is not { } placeholder)
        {
            return null;
        }

        return JinjaPromptWriter.CountOf(text, placeholder) == pictures
            ? placeholder
            : throw new InferenceException(
                InferenceError.Unsupported, $"The model's chat template '{MetadataKey}' has no place for a picture of this conversation.")
            { Parameter = "messages" };
    }

    private JinjaText Render(JinjaList messages, object? tools, bool addsPrompt, long inputBytes)
    {
        var now = _time.GetLocalNow();
        var values = new List<KeyValuePair<string, object?>>
        {
            new("messages", messages),
            new("bos_token", JinjaText.Of(_bos)),
            new("eos_token", JinjaText.Of(_eos)),
            new("enable_thinking", true),
            new("date_string", JinjaText.Of(now.ToString("dd MMM yyyy", CultureInfo.InvariantCulture))),
            new("datetime", JinjaText.Of(now.ToString("MMM dd yyyy", CultureInfo.InvariantCulture))),
            new("strftime_now", JinjaClock.Function(now)),
        };
        if (addsPrompt)
        {
            values.Add(new("add_generation_prompt", true));
        }

        if (tools is not null)
        {
            values.Add(new("tools", tools));
        }

        return _template.Render(values, new JinjaLimits(_limits.TemplateSteps, inputBytes + _limits.TemplateBytes));
    }
}
