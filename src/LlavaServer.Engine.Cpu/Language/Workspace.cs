using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// All activations of a step, made once at load for the largest batch. Owned by <see cref="LlamaModel"/>; within a step every thread writes rows or
/// panels of its own.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    // Rows start on cache lines, so that threads never write to the same one.
    private const int RowAlignment = 16;

    private readonly List<NativeBuffer> _buffers = [];
    private readonly NativeBuffer _scratch;
    private readonly int _scratchBytes;
    private NativeBuffer _logits;
    private NativeBuffer? _embeddings;

    public Workspace(LlamaConfig config, ActivationForms forms, int maxRows, int contextLength, int valueStride, int threads, int updateRank)
    {
        EmbeddingStride = Aligned(config.EmbeddingWidth);
        QueryStride = Aligned(config.QueryWidth);
        KVStride = Aligned(config.KVWidth);
        FeedForwardStride = Aligned(config.FeedForwardWidth);
        LogitStride = Aligned(config.VocabularySize);
        AngleStride = Aligned(config.RopeWidth / 2);
        Hidden = Rows(maxRows, EmbeddingStride);
        Normed = Rows(maxRows, EmbeddingStride);
        Product = Rows(maxRows, EmbeddingStride);
        Queries = Rows(maxRows, QueryStride);
        Mixed = Rows(maxRows, QueryStride);
        Keys = Rows(maxRows, KVStride);
        Values = Rows(maxRows, KVStride);
        Gate = Rows(maxRows, FeedForwardStride);
        Up = Rows(maxRows, FeedForwardStride);
        UpdateStride = Aligned(updateRank);
        Projected = Rows(maxRows * LlamaModel.MostProducts, UpdateStride);
        Cosines = Rows(maxRows, AngleStride);
        Sines = Rows(maxRows, AngleStride);
        int widest = Math.Max(Math.Max(config.EmbeddingWidth, config.QueryWidth), config.FeedForwardWidth);
        Activations = new Activations(maxRows, widest, forms);
        _scratchBytes = Math.Max(
            MatMul.ScratchBytes(widest), Attention.ScratchFloats(config.HeadWidth, valueStride, contextLength) * sizeof(float));
        _scratchBytes = (_scratchBytes + 127) / 64 * 64;
        _scratch = new NativeBuffer((long)_scratchBytes * threads);
        _logits = new NativeBuffer((long)LogitStride * sizeof(float));
    }

    public int EmbeddingStride { get; }

    public int QueryStride { get; }

    public int KVStride { get; }

    public int FeedForwardStride { get; }

    public int LogitStride { get; }

    public int AngleStride { get; }

    public int UpdateStride { get; }

    /// <summary>The residual stream, shape (rows, EmbeddingWidth).</summary>
    public float* Hidden { get; }

    /// <summary>Shape (rows, EmbeddingWidth).</summary>
    public float* Normed { get; }

    /// <summary>What is added to the residual stream, shape (rows, EmbeddingWidth).</summary>
    public float* Product { get; }

    /// <summary>Shape (rows, QueryWidth).</summary>
    public float* Queries { get; }

    /// <summary>Result of attention, shape (rows, QueryWidth).</summary>
    public float* Mixed { get; }

    /// <summary>Shape (rows, KVWidth).</summary>
    public float* Keys { get; }

    /// <summary>Shape (rows, KVWidth).</summary>
    public float* Values { get; }

    /// <summary>Shape (rows, FeedForwardWidth).</summary>
    public float* Gate { get; }

    /// <summary>Shape (rows, FeedForwardWidth).</summary>
    public float* Up { get; }

    /// <summary>What adapters have between their two matrices, shape (rows, products over the same activations, largest rank).</summary>
    public float* Projected { get; }

    /// <summary>Shape (rows, RopeWidth / 2).</summary>
    public float* Cosines { get; }

    /// <summary>Shape (rows, RopeWidth / 2).</summary>
    public float* Sines { get; }

    /// <summary>The input of the next products in the forms of the weights.</summary>
    public Activations Activations { get; }

    /// <summary>Shape (rows that want logits, VocabularySize).</summary>
    public float* Logits => _logits.Floats;

    /// <summary>Shape (rows that want embeddings, EmbeddingWidth); there only after <see cref="ReserveEmbeddings"/>.</summary>
    public float* Embeddings => _embeddings!.Floats;

    public long MemoryBytes =>
        _buffers.Sum(buffer => buffer.Bytes) + Activations.MemoryBytes + _scratch.Bytes + _logits.Bytes + (_embeddings?.Bytes ?? 0);

    /// <summary>A thread's own scratch.</summary>
    public byte* Scratch(int worker) => _scratch.Pointer + ((long)worker * _scratchBytes);

    /// <summary>Makes room for logits; allocates only when a batch wants more of them than any before.</summary>
    public void ReserveLogits(int rows)
    {
        long bytes = (long)rows * LogitStride * sizeof(float);
        if (bytes > _logits.Bytes)
        {
            _logits.Dispose();
            _logits = new NativeBuffer(bytes);
        }
    }

    /// <summary>Makes room for embeddings; allocates only when a batch wants more of them than any before.</summary>
    public void ReserveEmbeddings(int rows)
    {
        long bytes = (long)rows * EmbeddingStride * sizeof(float);
        if (bytes > (_embeddings?.Bytes ?? 0))
        {
            _embeddings?.Dispose();
            _embeddings = new NativeBuffer(bytes);
        }
    }

    public void Dispose()
    {
        _buffers.ForEach(buffer => buffer.Dispose());
        Activations.Dispose();
        _scratch.Dispose();
        _logits.Dispose();
        _embeddings?.Dispose();
    }

    private static int Aligned(int width) => (width + RowAlignment - 1) / RowAlignment * RowAlignment;

    private float* Rows(int rows, int stride)
    {
        var buffer = new NativeBuffer((long)rows * stride * sizeof(float));
        _buffers.Add(buffer);
        return buffer.Floats;
    }
}
