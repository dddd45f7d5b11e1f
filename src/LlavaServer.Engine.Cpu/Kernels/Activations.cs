using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// The rows that matrix products read, in every form that the model's weights ask for. Made once at load, filled row by row in a step, any thread
/// its own rows.
/// </summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer? _half;
    private readonly NativeBuffer? _bfloat16;
    private readonly QuantizedRows? _q8_0;
    private readonly QuantizedRows? _q8_1;
    private readonly QuantizedRows? _q8_K;

    private float* _source;
    private int _sourceStride;

    public Activations(int rows, int width, ActivationForms forms)
    {
        FloatStride = (width + 31) / 32 * 32;
        _half = (forms & ActivationForms.Half) != 0 ? new NativeBuffer((long)rows * FloatStride * sizeof(float)) : null;
        _bfloat16 = (forms & ActivationForms.BFloat16) != 0 ? new NativeBuffer((long)rows * FloatStride * sizeof(float)) : null;
        _q8_0 = (forms & ActivationForms.Q8_0) != 0 ? new QuantizedRows(rows, width) : null;
        _q8_1 = (forms & ActivationForms.Q8_1) != 0 ? new QuantizedRows(rows, width) : null;
        _q8_K = (forms & ActivationForms.Q8_K) != 0 ? new QuantizedRows(rows, width) : null;
    }

    /// <summary>Floats between rows of the rounded forms. Even elements stand in the first half of a row, odd ones in the second.</summary>
    public int FloatStride { get; }

    public long MemoryBytes =>
        (_half?.Bytes ?? 0) + (_bfloat16?.Bytes ?? 0) + (_q8_0?.MemoryBytes ?? 0) + (_q8_1?.MemoryBytes ?? 0) + (_q8_K?.MemoryBytes ?? 0);

    public float* Half => _half!.Floats;

    public float* BFloat16 => _bfloat16!.Floats;

    /// <summary>Rows as they are, shape (rows, width) with <see cref="SingleStride"/>.</summary>
    public float* Single => _source;

    public int SingleStride => _sourceStride;

    public QuantizedRows Quantized(ActivationForms form) => form switch
    {
        ActivationForms.Q8_0 => _q8_0!,
        ActivationForms.Q8_1 => _q8_1!,
        _ => _q8_K!,
    };

    /// <summary>Names the rows that follow; they stay where they are until the products that read them are done.</summary>
    public void SetSource(float* source, int stride)
    {
        _source = source;
        _sourceStride = stride;
    }

    /// <summary>Converts one row of the source to the forms in question.</summary>
    public void Prepare(ActivationForms forms, int row, int width)
    {
        float* source = _source + ((long)row * _sourceStride);
        if ((forms & ActivationForms.Half) != 0)
        {
            Split(source, width, Half + ((long)row * FloatStride), FloatStride / 2, toHalf: true);
        }

        if ((forms & ActivationForms.BFloat16) != 0)
        {
            Split(source, width, BFloat16 + ((long)row * FloatStride), FloatStride / 2, toHalf: false);
        }

        for (var form = ActivationForms.Q8_0; form <= ActivationForms.Q8_K; form = (ActivationForms)((int)form << 1))
        {
            if ((forms & form) != 0)
            {
                ActivationQuantizer.Quantize(form, source, width, Quantized(form), row);
            }
        }
    }

    public void Dispose()
    {
        _half?.Dispose();
        _bfloat16?.Dispose();
        _q8_0?.Dispose();
        _q8_1?.Dispose();
        _q8_K?.Dispose();
    }

    /// <summary>Rounds a row and parts even from odd elements, so that both halves of a register of packed weights meet whole registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(float* source, int width, float* even, int oddOffset, bool toHalf)
    {
        float* odd = even + oddOffset;
        for (int i = 0; i < width; i++)
        {
            float value = source[i];
            float rounded = toHalf
                ? HalfBits.Round<LanesScalar, float, int>(value) * FloatRows.HalfActivationScale
                : HalfBits.RoundToBFloat16<LanesScalar, float, int>(value);
            (((i & 1) == 0) ? even : odd)[i >> 1] = rounded;
        }
    }
}
