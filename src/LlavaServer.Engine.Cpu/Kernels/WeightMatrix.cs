using System.Diagnostics;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// View of a weight matrix in a mapped GGUF file, shape (outputs, inputs) row-major in any of the supported types. Valid while the file is open;
/// rows are expanded to float as they are packed, so no second copy of the weights is held.
/// </summary>
internal readonly unsafe struct WeightMatrix
{
    private readonly byte* _data;
    private readonly TensorType _type;
    private readonly int _blockElements;
    private readonly int _blockBytes;
    private readonly long _rowBytes;
    private readonly bool _roundsToHalf;

    /// <param name="address">First byte of the data.</param>
    /// <param name="type">Storage type.</param>
    /// <param name="inputs">Elements of a row, a multiple of the type's block.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="roundsToHalf">Rounds F32 weights to half precision as they are read.</param>
    public WeightMatrix(nint address, TensorType type, int inputs, int outputs, bool roundsToHalf = false)
    {
        _data = (byte*)address;
        _type = type;
        _blockElements = TensorTypes.BlockElements(type);
        _blockBytes = TensorTypes.BlockBytes(type);
        _rowBytes = (long)inputs / _blockElements * _blockBytes;
        _roundsToHalf = roundsToHalf;
        Inputs = inputs;
        Outputs = outputs;
    }

    /// <summary>Elements of a row: the width of the activation that it is multiplied with.</summary>
    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>What llama.cpp rounds activations to before it multiplies them with this matrix.</summary>
    public ActivationRounding LlamaCppRounding => _roundsToHalf ? ActivationRounding.Half : ActivationRounder.For(_type);

    /// <summary>
    /// Expands <paramref name="count"/> elements of a row from element <paramref name="start"/> on; both are multiples of the type's block.
    /// </summary>
    public void ReadRow(int row, int start, int count, float* destination)
    {
        Debug.Assert(row < Outputs && start % _blockElements == 0 && count % _blockElements == 0 && start + count <= Inputs);
        byte* source = _data + row * _rowBytes + (long)start / _blockElements * _blockBytes;
        switch (_type)
        {
            case TensorType.F32:
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(destination, count));
                if (_roundsToHalf)
                {
                    HalfPrecision.Round(destination, count);
                }

                break;
            case TensorType.F16:
                HalfPrecision.ToSingle((ushort*)source, destination, count);
                break;
            case TensorType.BF16:
                HalfPrecision.BrainToSingle((ushort*)source, destination, count);
                break;
            default:
                Dequantizer.ToFloat(_type, (nint)source, new Span<float>(destination, count));
                break;
        }
    }
}
