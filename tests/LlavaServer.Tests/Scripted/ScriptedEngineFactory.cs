using System.Text;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Tests.Scripted;

/// <summary>Makes scripted engines, and holds what a test sets before and looks at afterwards. Members are set while nothing runs.</summary>
internal sealed class ScriptedEngineFactory : IInferenceEngineFactory
{
    private volatile string _lastPrompt = "";
    private int _loads;
    private int _steps;

    public ScriptedVisionEncoder Vision { get; } = new();

    public int ContextLength { get; init; } = 512;

    /// <summary>From the whole prompt, pictures as <c>[width x height]</c>, to the answer.</summary>
    public Func<string, string> Answer { get; set; } = static _ => "A red circle.";

    /// <summary>Tokens behind those of <see cref="ScriptedVocabulary"/>, which answers may use.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>From a sequence and its prompt to the tokens of its answer; null spells <see cref="Answer"/> byte by byte.</summary>
    public Func<SequenceId, string, IReadOnlyList<int>>? Tokens { get; init; }

    /// <summary>From a row's hidden state to what the engine says that it is.</summary>
    public Func<float[], float[]> Hidden { get; init; } = static state => state;

    /// <summary>Called before each step, with the number of tokens that the step continues; may block or throw.</summary>
    public Action<Batch> OnDecode { get; set; } = static _ => { };

    /// <summary>Called when a model is loaded; may block or throw.</summary>
    public Action<CancellationToken> OnLoad { get; set; } = static _ => { };

    /// <summary>Called when a model is loaded, with what takes 0 to 1; may block.</summary>
    public Action<IProgress<double>?> OnLoading { get; set; } = static _ => { };

    /// <summary>What the engine was given last, up to where the answer begins.</summary>
    public string LastPrompt
    {
        get => _lastPrompt;
        set => _lastPrompt = value;
    }

    public int Loads => _loads;

    public int Steps => _steps;

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        OnLoad(cancellationToken);
        OnLoading(progress);
        return new ScriptedEngine(this, options, files.MmprojPath is null ? null : Vision);
    }

    public IReadOnlyList<int> AnswerTokens(SequenceId sequence, string prompt) =>
        Tokens is not null ? Tokens(sequence, prompt) : [.. Encoding.UTF8.GetBytes(Answer(prompt)).Select(static value => ScriptedVocabulary.FirstByte + value)];

    public void Step(Batch batch)
    {
        Interlocked.Increment(ref _steps);
        OnDecode(batch);
    }
}
