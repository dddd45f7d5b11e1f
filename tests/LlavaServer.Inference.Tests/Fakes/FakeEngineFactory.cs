using System.Collections.Concurrent;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>Makes fake engines and holds what tests set and look at.</summary>
internal sealed class FakeEngineFactory : IInferenceEngineFactory
{
    private readonly ConcurrentQueue<FakeEngine> _engines = new();
    private int _loads;
    private int _steps;
    private int _rows;

    public FakeEngineFactory() => AnswerTokens = fed => System.Text.Encoding.UTF8.GetBytes(Answer(fed)).Select(static value => FakeTokenizer.FirstByte + value);

    public FakeTokenizer Tokenizer { get; init; } = new();

    public FakeVisionEncoder? Vision { get; init; }

    public int ContextLength { get; init; } = 512;

    /// <summary>Positions that all sequences together can hold, shared ones counted once; 0 is without end.</summary>
    public int KVPositions { get; init; }

    /// <summary>Whether engines have the context that they are loaded with instead.</summary>
    public bool HonoursContext { get; init; }

    /// <summary>What a model will take in memory.</summary>
    public Func<ModelFiles, EngineLoadOptions, long> Estimate { get; set; } = (_, _) => 1;

    /// <summary>Called with the receiver of the progress, before <see cref="OnLoad"/>.</summary>
    public Action<ModelFiles, IProgress<double>?> OnLoading { get; set; } = (_, _) => { };

    /// <summary>Engines that were loaded and not disposed.</summary>
    public int Living => _engines.Count(e => !e.IsDisposed);

    /// <summary>Engines in order of loading.</summary>
    public IReadOnlyList<FakeEngine> Engines => [.. _engines];

    /// <summary>From everything up to and including <c>ASSISTANT:</c> to the answer.</summary>
    public Func<string, string> Answer { get; set; } = Fingerprint;

    /// <summary>The tokens of <see cref="Answer"/>, or what a test says instead.</summary>
    public Func<string, IEnumerable<int>> AnswerTokens { get; set; }

    /// <summary>When set, every row's next token.</summary>
    public int? EndlessToken { get; set; }

    /// <summary>Called before each step on the scheduler thread; may block or throw.</summary>
    public Action<Batch> OnDecode { get; set; } = _ => { };

    /// <summary>Whether the KV cache has room for a batch.</summary>
    public Func<Batch, bool> HasRoom { get; set; } = _ => true;

    /// <summary>Called when loading; may block or throw.</summary>
    public Action<CancellationToken> OnLoad { get; set; } = _ => { };

    /// <summary>Ends an engine that hangs, as that of a process; false if it cannot be ended.</summary>
    public Func<string, bool> TryEnd { get; set; } = _ => false;

    public FakeEngine? Engine { get; private set; }

    public int Loads => _loads;

    public int Steps => _steps;

    public int ComputedRows => _rows;

    public int Removed { get; set; }

    public int Copied { get; set; }

    /// <summary>Batches refused for want of memory.</summary>
    public int NoSpaces { get; private set; }

    public int LargestBatch { get; private set; }

    public int MostSequences { get; private set; }

    /// <summary>An answer that tells exactly what the engine was fed.</summary>
    public static string Fingerprint(string fed)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in fed)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return $"re {hash:x16}";
    }

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        OnLoading(files, progress);
        OnLoad(cancellationToken);
        var engine = new FakeEngine(this, options);
        Engine = engine;
        _engines.Enqueue(engine);
        return engine;
    }

    public void OnNoSpace() => NoSpaces++;

    public long EstimateMemory(ModelFiles files, EngineLoadOptions options) => Estimate(files, options);

    public void OnDecoded(Batch batch)
    {
        Interlocked.Increment(ref _steps);
        Interlocked.Add(ref _rows, batch.Count);
        LargestBatch = Math.Max(LargestBatch, batch.Count);
        var sequences = new HashSet<int>();
        foreach (ref readonly var row in batch.Rows)
        {
            sequences.Add(row.Sequence.Value);
        }

        MostSequences = Math.Max(MostSequences, sequences.Count);
    }
}
