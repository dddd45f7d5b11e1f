using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// All activations of one encoding, allocated once at load and reused: about 40 MiB for a ViT-L/14-336. Owned by the encoder, used by one encoding at a
/// time.
/// </summary>
internal sealed unsafe class VisionWorkspace : IDisposable
{
    private readonly FloatMemory _memory;

    public VisionWorkspace(ClipConfig config, ClipWeights weights, int threads)
    {
        int positions = config.PositionCount;
        int input = config.Width * config.FeatureLayers.Length;
        int patchInputs = 3 * config.PatchSize * config.PatchSize;
        WidthStride = MatMulFloat.PaddedColumns(config.Width);
        InnerStride = MatMulFloat.PaddedColumns(Math.Max(config.FeedForwardWidth, weights.ProjectorHiddenWidth));
        QkvStride = 3 * WidthStride;
        FeatureStride = input;
        OutputStride = MatMulFloat.PaddedColumns(weights.OutputWidth);

        // One row more: the patches' product starts in row 1 when the class vector is first.
        int rows = MatMulFloat.PaddedRows(positions) + 1;
        int deepest = Math.Max(Math.Max(config.FeedForwardWidth, weights.ProjectorHiddenWidth), Math.Max(input, patchInputs));
        (long keys, long values) = BidirectionalAttention.PackedFloats(positions, config.HeadCount, config.HeadWidth);
        long scratch = Math.Max(
            MatMulFloat.ScratchFloats,
            Math.Max(BidirectionalAttention.ScratchFloats(positions, config.HeadWidth), (long)MatMulFloatTile.Rows * Math.Max(deepest, InnerStride)));
        scratch = FloatMemory.Rounded(scratch);

        long[] sizes =
        [
            (long)rows * WidthStride,
            MatMulFloat.PackedFloats(positions, deepest),
            (long)rows * QkvStride,
            (long)rows * WidthStride,
            (long)rows * InnerStride,
            keys + values,
            config.FeatureLayers.Length > 1 ? (long)rows * FeatureStride : 0,
            (long)rows * OutputStride,
            (long)config.PatchCount * patchInputs,
            scratch * threads,
        ];
        _memory = new FloatMemory(sizes.Sum(FloatMemory.Rounded));
        Hidden = _memory.Take(sizes[0]);
        Packed = _memory.Take(sizes[1]);
        Qkv = _memory.Take(sizes[2]);
        Attention = _memory.Take(sizes[3]);
        Inner = _memory.Take(sizes[4]);
        PackedKeysValues = _memory.Take(sizes[5]);
        Features = _memory.Take(sizes[6]);
        Output = _memory.Take(sizes[7]);
        Patches = _memory.Take(sizes[8]);
        Scratch = _memory.Take(sizes[9]);
        ScratchFloats = scratch;
    }

    /// <summary>Hidden state, the residual stream: (positions, width), rows apart by <see cref="WidthStride"/>.</summary>
    public float* Hidden { get; }

    /// <summary>Activations of the product that runs, packed in groups of 12 rows.</summary>
    public float* Packed { get; }

    /// <summary>Queries, keys and values: (positions, 3, width), rows apart by <see cref="QkvStride"/>, parts by <see cref="WidthStride"/>.</summary>
    public float* Qkv { get; }

    /// <summary>Output of attention: (positions, width), rows apart by <see cref="WidthStride"/>.</summary>
    public float* Attention { get; }

    /// <summary>Inner state of a feed-forward layer or of the projector: (positions, inner width), rows apart by <see cref="InnerStride"/>.</summary>
    public float* Inner { get; }

    public float* PackedKeysValues { get; }

    /// <summary>Hidden states of several feature layers side by side: (positions, layers · width); unused for one layer.</summary>
    public float* Features { get; }

    /// <summary>Image rows: (patches, output width), rows apart by <see cref="OutputStride"/>.</summary>
    public float* Output { get; }

    /// <summary>Normalised pixels: (patches, 3 · patch²), channel outermost, as the convolution's kernel.</summary>
    public float* Patches { get; }

    /// <summary><see cref="ScratchFloats"/> for each thread.</summary>
    public float* Scratch { get; }

    public long ScratchFloats { get; }

    public int WidthStride { get; }

    public int InnerStride { get; }

    public int QkvStride { get; }

    public int FeatureStride { get; }

    public int OutputStride { get; }

    public long Bytes => _memory.Bytes;

    public void Dispose() => _memory.Dispose();
}
