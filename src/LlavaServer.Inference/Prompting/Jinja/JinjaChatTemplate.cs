using System.Globalization;
using System.Text;
using System.Text.Json;
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
        Capabilities = JinjaCapabilities.Find(template.Source, (messages, tools, addsPrompt) =>
        {
            try
            {
                return Render(messages, tools, addsPrompt, inputBytes: 1024, PromptVariables.None);
            }
            catch (JinjaException)
            {
                return null;
            }
        }, EndOf);
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

    public override bool Reads(string variable) => _template.Source.Contains(variable, StringComparison.Ordinal);

    /// <summary>
    /// Throws <see cref="InferenceException"/> when the template refuses the conversation or does not end. Tools, calls and results that it does not
    /// take are folded into texts.
    /// </summary>
    public override void Render(Conversation conversation, PromptText output)
    {
        if (!conversation.HasTools)
        {
            RenderAsItIs(conversation, output);
            return;
        }

        if (Capabilities.Calls is { } calls && TryNatively(conversation, output))
        {
            output.Calls = calls;
            return;
        }

        var folded = ToolFolding.Fold(conversation.Messages, conversation.Tools);
        RenderAsItIs(Conversation.From(folded, null, conversation.Ending, conversation.Variables), output);
    }

    /// <summary>Without a look at what the template makes of tools. Throws <see cref="InferenceException"/> as above.</summary>
    public void RenderAsItIs(Conversation conversation, PromptText output)
    {
        try
        {
            try
            {
                Write(conversation, conversation.Messages, output);
            }
            catch (JinjaException refusal) when (IsRefusal(refusal))
            {
                Write(conversation, JinjaConversation.Alternating(conversation.Messages), output);
            }
        }
        catch (JinjaException failure)
        {
            var words = failure.Error == JinjaError.Raised ? "refused the conversation" : "could not be rendered";
            throw new InferenceException(InferenceError.Unsupported, $"The model's chat template {words}: {failure.Message}.", failure) { Parameter = "messages" };
        }
    }

    private static bool IsRefusal(JinjaException failure) => failure.Error is JinjaError.Raised or JinjaError.Value;

    private static string TextOf(ITokenizer tokenizer, int tokenId) =>
        tokenId < 0 ? "" : Encoding.UTF8.GetString(tokenizer.GetBytes(tokenId, special: true));

    private int EndOf(string text)
    {
        var tokens = new List<SpelledToken>();
        _tokenizer.FindControlTokens(text, tokens);
        return tokens.FindIndex(t => _tokenizer.IsEndOfGeneration(t.TokenId)) is >= 0 and var index ? tokens[index].Start : -1;
    }

    private static long BytesOf(Conversation conversation)
    {
        long bytes = 0;
        foreach (var message in conversation.Messages)
        {
            bytes += message.Parts.Sum(p => p.Text is null ? 0L : Encoding.UTF8.GetByteCount(p.Text));
            bytes += Encoding.UTF8.GetByteCount(message.Thinking);
            bytes += message.ToolCalls.Sum(c => (long)Encoding.UTF8.GetByteCount(c.Arguments));
        }

        bytes += conversation.Variables.Sum(v => (long)Encoding.UTF8.GetByteCount(v.Value.GetRawText()));
        return bytes + conversation.Tools.Sum(t => (long)Encoding.UTF8.GetByteCount(t.GetRawText()));
    }

    // False where the template has no place for something: then nothing was written.
    private bool TryNatively(Conversation conversation, PromptText output)
    {
        foreach (var messages in new[] { conversation.Messages, JinjaConversation.WithShortIds(conversation.Messages) })
        {
            try
            {
                Write(conversation, messages, output);
                return true;
            }
            catch (JinjaException refusal) when (IsRefusal(refusal))
            {
                // Mistral's templates insist on ids of nine characters; what is refused then too is folded.
            }
            catch (InferenceException refusal) when (refusal.Error == InferenceError.Unsupported)
            {
                // No place for a picture of a result.
            }
        }

        return false;
    }

    private void Write(Conversation conversation, IReadOnlyList<ChatMessage> messages, PromptText output)
    {
        ChatMessage? continued = null;
        if (conversation.Ending == PromptEnding.Continued && messages is [.., { Role: ChatRole.Assistant, ToolCalls.Count: 0 } last])
        {
            continued = last;
            messages = [.. messages.Take(messages.Count - 1)];
        }

        if (!Capabilities.TakesSystem)
        {
            messages = JinjaConversation.FoldSystem(messages);
        }

        var tools = conversation.Tools.Count == 0 ? null : new JinjaList([.. conversation.Tools.Select(t => JinjaJson.Read(t))]);
        var text = Render(
            JinjaConversation.Messages(messages, Capabilities), tools, conversation.Ending != PromptEnding.Closed, BytesOf(conversation), conversation.Variables);
        var start = _tokenizer.AddsBos && _bos.Length > 0 && text.Value.StartsWith(_bos, StringComparison.Ordinal) ? _bos.Length : 0;
        JinjaPromptWriter.Write(text, start, Placeholder(text, messages), _tokenizer, output);
        if (continued is not null)
        {
            output.Text(string.Join('\n', continued.Parts.Select(p => p.Text)));
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

    private JinjaText Render(
        JinjaList messages, object? tools, bool addsPrompt, long inputBytes, IReadOnlyDictionary<string, JsonElement> variables)
    {
        var now = _time.GetLocalNow();
        var values = new List<KeyValuePair<string, object?>>
        {
            new("enable_thinking", true),
            new("date_string", JinjaText.Of(now.ToString("dd MMM yyyy", CultureInfo.InvariantCulture))),
            new("datetime", JinjaText.Of(now.ToString("MMM dd yyyy", CultureInfo.InvariantCulture))),
            new("strftime_now", JinjaClock.Function(now)),
        };
        values.AddRange(variables.Where(v => !PromptVariables.Reserved.Contains(v.Key)).Select(v => KeyValuePair.Create(v.Key, JinjaJson.Read(v.Value))));
        values.Add(new("messages", messages));
        values.Add(new("bos_token", JinjaText.Of(_bos)));
        values.Add(new("eos_token", JinjaText.Of(_eos)));
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
