using System.Collections.Concurrent;
using System.Text;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Scheduling;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// The text side of served models without their engines: what a conversation looks like as a prompt, and text as tokens. Needs no loaded model.
/// Thread-safe; one for the process. Methods throw <see cref="InferenceException"/> when the model's file cannot be read.
/// </summary>
public sealed class ModelTexts
{
    // A vocabulary takes some megabytes, and a store may have any number of them.
    private const int MaxTexts = 32;

    private readonly ModelTextReader _read;
    private readonly LimitOptions _limits;
    private readonly ConcurrentDictionary<string, Lazy<ModelText>> _texts = new();

    internal ModelTexts(ModelTextReader read, LimitOptions limits)
    {
        _read = read;
        _limits = limits;
    }

    /// <summary>The prompt that a conversation becomes, with a marker for every picture and without the token that the tokenizer puts in front.</summary>
    public string WritePrompt(ModelEntry model, GenerationRequest request, string imageMarker)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var (tokenizer, choice) = TextOf(model);
        return RequestPlanner.Write(model.Defaults.Complete(request), choice.Template, choice.Warning).ToPlainText(tokenizer, imageMarker);
    }

    /// <summary>The prompt of a request as token ids, without its pictures.</summary>
    public IReadOnlyList<int> PromptTokens(ModelEntry model, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var (tokenizer, choice) = TextOf(model);
        var bare = request with
        {
            RawPrompt = WithoutPictures(request.RawPrompt),
            WrittenPrompt = WithoutPictures(request.WrittenPrompt),
            Messages = [.. request.Messages.Select(static message => message with { Parts = WithoutPictures([.. message.Parts])! })],
        };
        var text = RequestPlanner.Write(model.Defaults.Complete(bare), choice.Template, choice.Warning);
        return PromptBuilder.Build(text, tokenizer, [], 0, CancellationToken.None).TokenIds;
    }

    /// <summary>The request with a Go template of its own in place of the model's. Throws <see cref="InferenceException"/> for a text that is none.</summary>
    public GenerationRequest WithTemplate(ModelEntry model, GenerationRequest request, string template)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            return request with { Template = GoChatTemplate.Compile(template, TextOf(model).Tokenizer, _limits, TimeProvider.System) };
        }
        catch (JinjaException failure)
        {
            throw new InferenceException(InferenceError.Unsupported, failure.Message, failure) { Parameter = "template" };
        }
    }

    /// <summary>Whether the template that writes the request's prompt takes text behind a gap.</summary>
    public bool TakesSuffix(ModelEntry model, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return (request.Template ?? TextOf(model).Template.Template) is GoChatTemplate { TakesSuffix: true };
    }

    /// <summary>Whether the model's chat template can read a variable of this name.</summary>
    public bool Reads(ModelEntry model, string variable)
    {
        ArgumentNullException.ThrowIfNull(model);
        return TextOf(model).Template.Template?.Reads(variable) == true;
    }

    /// <summary>Token ids of a text. Throws <see cref="InferenceException"/> when it is longer than <see cref="LimitOptions.TokenizeBytes"/>.</summary>
    /// <param name="model">Whose vocabulary.</param>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecial">Add the begin and end tokens that the vocabulary asks for.</param>
    /// <param name="parseSpecial">Match control tokens spelt out in the text.</param>
    public IReadOnlyList<int> Tokenize(ModelEntry model, string text, bool addSpecial, bool parseSpecial)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(text);
        if (Encoding.UTF8.GetByteCount(text) > _limits.TokenizeBytes)
        {
            throw new InferenceException(
                InferenceError.Unsupported, $"The text has more than {_limits.TokenizeBytes} bytes (Limits:TokenizeBytes).")
            { Parameter = "content" };
        }

        var tokens = new List<int>();
        TextOf(model).Tokenizer.Encode(text, addSpecial, parseSpecial, tokens);
        return tokens;
    }

    /// <summary>The bytes of a token, control tokens spelt out.</summary>
    public ReadOnlySpan<byte> BytesOf(ModelEntry model, int tokenId)
    {
        ArgumentNullException.ThrowIfNull(model);
        return TextOf(model).Tokenizer.GetBytes(tokenId, special: true);
    }

    /// <summary>Number of tokens that the model knows; ids are below it.</summary>
    public int VocabularySize(ModelEntry model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return TextOf(model).Tokenizer.VocabularySize;
    }

    /// <summary>Tokens by which the model fills a gap.</summary>
    public FillTokens FillOf(ModelEntry model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return TextOf(model).Tokenizer.FillTokens;
    }

    /// <summary>Spelling of the tokens that begin and end a text; empty where the vocabulary has none.</summary>
    public (string Begin, string End) Ends(ModelEntry model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var tokenizer = TextOf(model).Tokenizer;
        string Spelt(int tokenId) => tokenId < 0 ? "" : Encoding.UTF8.GetString(tokenizer.GetBytes(tokenId, special: true));
        return (Spelt(tokenizer.BosTokenId), Spelt(tokenizer.EosTokenId));
    }

    private static MessagePart[]? WithoutPictures(MessagePart[]? parts) =>
        parts is null ? null : [.. parts.Where(static part => part.ImageBytes is null)];

    private ModelText TextOf(ModelEntry model)
    {
        try
        {
            if (_texts.Count >= MaxTexts && !_texts.ContainsKey(model.Digest))
            {
                _texts.Clear();
            }

            return _texts.GetOrAdd(model.Digest, _ => new Lazy<ModelText>(() => _read(model))).Value;
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            _texts.TryRemove(model.Digest, out _);
            throw new InferenceException(InferenceError.ModelLoadFailed, "The model file cannot be read.", exception);
        }
    }
}
