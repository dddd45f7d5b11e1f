using System.Text.Json;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Thinking;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference;

/// <summary>What a caller wants generated, neutral between the HTTP dialects. Immutable.</summary>
public sealed record GenerationRequest
{
    /// <summary>Name of a model as the caller wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>The conversation; empty when <see cref="RawPrompt"/> or <see cref="WrittenPrompt"/> is set.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Tokens of an earlier conversation in front of this one, checked by the caller; then the model's example messages are left out. Null is none.</summary>
    public IReadOnlyList<int>? Before { get; init; }

    /// <summary>Tools that the model may call, each an object of type function as in the OpenAI API.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Where the schema of each of <see cref="Tools"/> stands in the caller's request, for errors; null is <c>tools[0].function.parameters</c> and so on.</summary>
    public IReadOnlyList<string>? ToolSchemaPaths { get; init; }

    /// <summary>Whether one of <see cref="Tools"/> may or must be called.</summary>
    public ToolChoice ToolChoice { get; init; } = ToolChoice.Auto;

    /// <summary>Whether an answer may have more than one call.</summary>
    public bool AllowsParallelToolCalls { get; init; } = true;

    /// <summary>How the prompt ends behind the messages.</summary>
    public PromptEnding Ending { get; init; }

    /// <summary>Values of the chat template's own variables, by their names; those that the server sets itself are passed over.</summary>
    public IReadOnlyDictionary<string, JsonElement> TemplateVariables { get; init; } = PromptVariables.None;

    /// <summary>Text behind the gap that the answer fills, for a template that takes one; empty is none.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>Writes the conversation in place of the model's own; null is the model's.</summary>
    internal ChatTemplate? Template { get; init; }

    /// <summary>A prompt that no template is applied to; pictures go in front of it.</summary>
    public MessagePart[]? RawPrompt { get; init; }

    /// <summary>
    /// Answers to the one prompt, which is computed once for all of them; the second has the seed after that of the first, and so on. In queue and slots
    /// each counts as a request.
    /// </summary>
    public int Choices { get; init; } = 1;

    /// <summary>
    /// A prompt as the model is to see it: no template, pictures in their places, control tokens wherever the text spells one. The token that begins a
    /// text comes first, unless it is there already or the prompt is tokens alone.
    /// </summary>
    public MessagePart[]? WrittenPrompt { get; init; }

    /// <summary>Whether a template writes the prompt.</summary>
    internal bool IsConversation => RawPrompt is null && WrittenPrompt is null;

    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>The form that the answer must have; null is text without form. Then the stop texts of the template do not apply: they may be part of it.</summary>
    public Grammar? Grammar { get; init; }

    /// <summary>
    /// Between which texts the model thinks before it answers: its thoughts are told from the answer, and the answer's form begins behind them. Null is an
    /// answer from its first character on.
    /// </summary>
    public ThinkMarkers? Thinking { get; init; }

    /// <summary>Tokens of the answer at most; null is the rest of the context.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Tokens of the answer at least: until then no token that ends it is picked. A stop text or the end of a grammar still ends it.</summary>
    public int MinTokens { get; init; }

    /// <summary>Never picks a token that ends the answer.</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>Time of the answer from its first token on; then it ends with finish reason length. Null is the server's limit alone.</summary>
    public TimeSpan? PredictTime { get; init; }

    /// <summary>
    /// Updates have <see cref="GenerationUpdate.Tokens"/>, each token with this many of the most likely ones, 0 to 20; null is none of it.
    /// </summary>
    public int? TopLogProbabilities { get; init; }

    /// <summary>Every update has <see cref="GenerationUpdate.Usage"/> and <see cref="GenerationUpdate.Timings"/>, not only the last.</summary>
    public bool TimesUpdates { get; init; }

    /// <summary>The prompt may begin with what is stored of another one. False computes all of it.</summary>
    public bool ReusesPrompt { get; init; } = true;

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Positions of the sequence at most (Ollama's <c>num_ctx</c>); null is the slot's context length. For more than the model was loaded with it is
    /// loaded again, within what it was trained for, if there is memory for it.
    /// </summary>
    public int? ContextLength { get; init; }

    /// <summary>Idle time after which the model leaves memory, from now on; zero at once, negative never, null as it is.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>The caller sees nothing before the end: refused with <see cref="InferenceError.ModelLoading"/> when loading the model takes longer than <c>Pool:LoadWait</c>.</summary>
    public bool BoundsLoad { get; init; }

    /// <summary>The vector of <see cref="RawPrompt"/> is wanted instead of an answer; null is an answer.</summary>
    internal PoolingType? Pooling { get; init; }

    /// <summary>Which route of which dialect asks, one of a fixed list of words: a label of the metrics.</summary>
    public string Api { get; init; } = "other";

    /// <summary>Who asks, as far as the server can tell: a key's name or an address. When the queue is full, clients are treated alike.</summary>
    public string Client { get; init; } = "";

    /// <summary>What the template writes. Tools that must not be called are not shown.</summary>
    internal Conversation ToConversation() => Conversation.From(Messages, ToolChoice == ToolChoice.None ? [] : Tools, Ending, TemplateVariables, Suffix);
}
