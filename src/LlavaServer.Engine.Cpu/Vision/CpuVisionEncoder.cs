using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// Vision tower and projector of a loaded model on the CPU. Has its own threads and workspace, so it runs beside a decoding step; encodings wait for one
/// another. Owned by the engine, which keeps the mmproj file open as long as the encoder lives.
/// </summary>
public sealed unsafe class CpuVisionEncoder : IVisionEncoder, IDisposable
{
    private readonly object _gate = new();
    private readonly ClipConfig _config;
    private readonly ClipWeights _weights;
    private readonly VisionWorkspace _workspace;
    private readonly WorkerPool _pool;
    private readonly ImagePreprocessor _preprocessor;
    private readonly ClipVisionTower _tower;
    private readonly Projector _projector;
    private bool _isDisposed;

    private CpuVisionEncoder(ClipConfig config, ClipWeights weights, VisionRules rules, int threads)
    {
        _config = config;
        _weights = weights;
        _workspace = new VisionWorkspace(config, weights, threads);
        _pool = new WorkerPool(threads);
        _preprocessor = new ImagePreprocessor(config, rules);
        var products = new VisionProducts(_pool, _workspace, rules);
        _tower = new ClipVisionTower(config, weights, rules, _workspace, products);
        _projector = new Projector(config, weights, _workspace, products);
        Info = new VisionInfo
        {
            ImageSize = config.ImageSize,
            PatchSize = config.PatchSize,
            RowsPerImage = config.PatchCount,
            ProjectorType = config.Projector switch
            {
                ProjectorKind.Linear => "linear",
                ProjectorKind.Mlp => "mlp",
                _ => "mlp_norm",
            },
            Profile = rules.Profile,
        };
    }

    public VisionInfo Info { get; }

    /// <summary>Bytes held besides the file's mapping: workspace, vectors and the position table.</summary>
    public long MemoryBytes => _workspace.Bytes + _weights.MemoryBytes;

    /// <summary>Checks an mmproj file and makes its encoder.</summary>
    /// <param name="mmproj">Stays open, and the caller's, while the encoder lives.</param>
    /// <param name="profile">Whose behaviour is reproduced.</param>
    /// <param name="threads">Threads of an encoding, the calling one included.</param>
    /// <param name="languageWidth">Embedding width of the language model.</param>
    /// <exception cref="GgufException">The file is not a supported vision file or belongs to another language model.</exception>
    public static CpuVisionEncoder Load(GgufFile mmproj, VisionProfile profile, int threads, int languageWidth)
    {
        ArgumentNullException.ThrowIfNull(mmproj);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        VisionRules rules = VisionRules.For(profile);
        ClipConfig config = ClipConfig.Read(mmproj, rules);
        ClipWeights weights = ClipWeights.Load(mmproj, config, rules);
        if (weights.OutputWidth == languageWidth)
        {
            return new CpuVisionEncoder(config, weights, rules, threads);
        }

        weights.Dispose();
        throw new GgufException(
            $"the projector gives rows of {weights.OutputWidth}, the language model has an embedding width of {languageWidth}: the files do not belong together");
    }

    /// <inheritdoc />
    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(turns);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            cancellationToken.ThrowIfCancellationRequested();
            using PacedWork work = _pool.Pace(turns, cancellationToken);
            _preprocessor.WritePatches(image, new Span<float>(_workspace.Patches, _config.PatchCount * _preprocessor.PatchFloats), _pool.GiveWay);
            _tower.Run(cancellationToken);
            float* rows = _tower.Features(out nint stride);
            _projector.Run(rows, stride);
            return CopyOutput();
        }
    }

    /// <summary>Waits for a running encoding, then frees threads and memory.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _pool.Dispose();
            _workspace.Dispose();
            _weights.Dispose();
        }
    }

    private ImageEmbedding CopyOutput()
    {
        int width = _weights.OutputWidth;
        var values = new float[_config.PatchCount * width];
        for (int row = 0; row < _config.PatchCount; row++)
        {
            new ReadOnlySpan<float>(_workspace.Output + (nint)row * _workspace.OutputStride, width).CopyTo(values.AsSpan(row * width, width));
        }

        // Damaged weights give NaN; in the KV cache it would spread to every later row of the sequence.
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new InferenceException(InferenceError.EngineFailed, "The vision tower computed a value that is not finite; its file is damaged.");
            }
        }

        return new ImageEmbedding(values, _config.PatchCount, width);
    }
}
