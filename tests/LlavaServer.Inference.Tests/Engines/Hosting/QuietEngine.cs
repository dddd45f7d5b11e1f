using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>
/// An engine that allocates nothing and keeps a sum of what it was fed for each sequence; logit 0 is the sum, logit 1 the position. Also its factory.
/// </summary>
internal sealed class QuietEngine : IInferenceEngine, IInferenceEngineFactory, IVisionEncoder
{
    public const int Sequences = 4;
    public const int Width = 8;
    public const int Vocabulary = 16;
    private readonly int[] _lengths = new int[Sequences];
    private readonly float[] _sums = new float[Sequences];
    private readonly float[] _logits = new float[64 * Vocabulary];
    private readonly float[] _embeddings = new float[64 * Width];

    public EngineInfo Info { get; set; } = new()
    {
        EngineName = "quiet",
        Architecture = "none",
        VocabularySize = Vocabulary,
        EmbeddingWidth = Width,
        ContextLength = 100_000,
        TrainedContextLength = 100_000,
        SequenceCount = Sequences,
        MaxBatchRows = 64,
        KVPositions = 400_000,
        ParameterCount = 1,
        MemoryBytes = 1,
        Vision = new VisionInfo { ImageSize = 28, PatchSize = 14, RowsPerImage = 4, ProjectorType = "mlp", Profile = VisionProfile.Reference },
    };

    public static EngineLoadOptions Options { get; } = new() { SequenceCount = Sequences, MaxBatchRows = 64 };

    public Action<Batch> OnDecode { get; set; } = static _ => { };

    public Func<ComputeTurns, CancellationToken, float> OnEncode { get; set; } = static (_, _) => 1;

    public Action<IProgress<double>?> OnLoad { get; set; } = static _ => { };

    /// <summary>By which the engine gives way.</summary>
    public ComputeTurns? Turns { get; private set; }

    public bool IsDisposed { get; private set; }

    public IVisionEncoder? Vision => Info.Vision is null ? null : this;

    VisionInfo IVisionEncoder.Info => Info.Vision!;

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        Turns = options.Turns;
        OnLoad(progress);
        return this;
    }

    public DecodeStatus Decode(Batch batch)
    {
        OnDecode(batch);
        var rows = batch.Rows;
        for (var i = 0; i < rows.Length; i++)
        {
            ref readonly var row = ref rows[i];
            if (row.Position != _lengths[row.Sequence.Value])
            {
                throw new ArgumentException($"position {row.Position} of sequence {row.Sequence.Value}, expected {_lengths[row.Sequence.Value]}");
            }

            _lengths[row.Sequence.Value]++;
            _sums[row.Sequence.Value] += row.Image is { } image ? image.Row(row.ImageRow)[0] : row.TokenId;
            _logits[i * Vocabulary] = _sums[row.Sequence.Value];
            _logits[(i * Vocabulary) + 1] = row.Position;
            _embeddings[i * Width] = _sums[row.Sequence.Value];
            _embeddings[((i + 1) * Width) - 1] = row.Position;
        }

        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row) => _logits.AsSpan(row * Vocabulary, Vocabulary);

    public ReadOnlySpan<float> Embedding(int row) => _embeddings.AsSpan(row * Width, Width);

    public void RemoveSequence(SequenceId id, int from)
    {
        _lengths[id.Value] = Math.Min(_lengths[id.Value], from);
        _sums[id.Value] = from == 0 ? 0 : _sums[id.Value];
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        _lengths[target.Value] = length;
        _sums[target.Value] = _sums[source.Value];
    }

    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        var value = OnEncode(turns, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var values = new float[4 * Width];
        values.AsSpan().Fill(value + image.Pixels[^1]);
        return new ImageEmbedding(values, 4, Width);
    }

    public void Dispose() => IsDisposed = true;
}
