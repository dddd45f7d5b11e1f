using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// A weight matrix of the language model, shape (Rows, Width) with Width contiguous: rows as in the file's mapping, or a copy with 16 rows interleaved.
/// Owned by <c>LlamaWeights</c>; immutable.
/// </summary>
internal sealed unsafe class WeightRows : IDisposable
{
    /// <summary>Output rows that one panel of a product covers.</summary>
    public const int PanelRows = 16;

    private readonly NativeBuffer? _interleaved;

    /// <param name="update">What adapters add to the products, owned from now on; null is nothing.</param>
    public WeightRows(TensorType type, byte* rows, int rowCount, int width, NativeBuffer? interleaved, LowRankUpdate? update = null)
    {
        Type = type;
        FileRows = rows;
        Rows = rowCount;
        Width = width;
        RowBytes = (long)width / TensorTypes.BlockElements(type) * TensorTypes.BlockBytes(type);
        Form = FormOf(type);
        _interleaved = interleaved;
        Update = update;
        Panels = interleaved is null ? null : interleaved.Pointer;
        PanelBytes = interleaved is null ? 0 : interleaved.Bytes / PanelCount;
    }

    public TensorType Type { get; }

    public int Rows { get; }

    public int Width { get; }

    public long RowBytes { get; }

    /// <summary>What the activations must be converted to.</summary>
    public ActivationForms Form { get; }

    /// <summary>Rows in the file's layout.</summary>
    public byte* FileRows { get; }

    /// <summary>Panels of 16 interleaved rows, or null when the product reads <see cref="FileRows"/>.</summary>
    public byte* Panels { get; }

    public long PanelBytes { get; }

    public int PanelCount => (Rows + PanelRows - 1) / PanelRows;

    /// <summary>What adapters add to the products; null is nothing.</summary>
    public LowRankUpdate? Update { get; }

    /// <summary>Memory beside the file's mapping.</summary>
    public long OwnedBytes => (_interleaved?.Bytes ?? 0) + (Update?.Bytes ?? 0);

    public void Dispose()
    {
        _interleaved?.Dispose();
        Update?.Dispose();
    }

    private static ActivationForms FormOf(TensorType type) => type switch
    {
        TensorType.F32 => ActivationForms.Single,
        TensorType.F16 => ActivationForms.Half,
        TensorType.BF16 => ActivationForms.BFloat16,
        TensorType.Q4_0 or TensorType.Q5_0 or TensorType.Q8_0 or TensorType.IQ4_NL => ActivationForms.Q8_0,
        TensorType.Q4_1 or TensorType.Q5_1 => ActivationForms.Q8_1,
        _ => ActivationForms.Q8_K,
    };
}
