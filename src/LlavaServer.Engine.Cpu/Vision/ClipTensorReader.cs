using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// Takes tensors of an mmproj file by name after checking type and shape. Matrices stay in the mapping; vectors and small tables are copied to
/// float memory. Used once by the loading thread.
/// </summary>
internal sealed unsafe class ClipTensorReader(GgufFile file, FloatMemory memory)
{
    /// <summary>
    /// Floats that the vectors and the position table of a file need at most: no more than twice the file's bytes, because only unquantized vectors
    /// are taken, and a table that <see cref="ClipConfig"/> bounds.
    /// </summary>
    public static long CopiedFloats(GgufFile file)
    {
        long floats = 0;
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (IsCopied(tensor))
            {
                floats += FloatMemory.Rounded(tensor.ElementCount + MatMulFloatTile.Columns);
            }
        }

        return floats;
    }

    public bool Has(string name) => file.TryGetTensor(name, out _);

    /// <summary>Weight and bias of a matrix; the bias may be absent.</summary>
    public ClipLinear Linear(string name, int inputs, int outputs)
    {
        GgufTensor tensor = Shaped($"{name}.weight", [inputs, outputs]);
        return new ClipLinear(new WeightMatrix(tensor.Address, tensor.Type, inputs, outputs), OptionalVector($"{name}.bias", outputs));
    }

    /// <summary>The patch embedding, stored (kernel width, kernel height, channels, outputs), as a matrix of (outputs, 3 · kernel²).</summary>
    /// <param name="name">Name of the kernel.</param>
    /// <param name="biasName">Name of the bias, which may be absent.</param>
    /// <param name="patchSize">Side of the kernel.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="roundsToHalf">Computes with pixels and kernel in half precision whatever the file holds, as llama.cpp does.</param>
    public ClipLinear Convolution(string name, string biasName, int patchSize, int outputs, bool roundsToHalf)
    {
        GgufTensor tensor = Shaped(name, [patchSize, patchSize, 3, outputs]);
        if (!IsUnquantized(tensor))
        {
            throw new GgufException($"tensor '{name}': type {TensorTypes.Name(tensor.Type)} is not supported for a convolution");
        }

        roundsToHalf &= tensor.Type == TensorType.F32;
        var kernel = new WeightMatrix(tensor.Address, tensor.Type, 3 * patchSize * patchSize, outputs, roundsToHalf);
        return new ClipLinear(kernel, OptionalVector(biasName, outputs));
    }

    public ClipNorm Norm(string name, int width) => new(Vector($"{name}.weight", width), OptionalVector($"{name}.bias", width));

    public ClipNorm OptionalNorm(string name, int width) => Has($"{name}.weight") ? Norm(name, width) : default;

    public float* Vector(string name, int length)
    {
        GgufTensor tensor = Shaped(name, [length]);
        return IsUnquantized(tensor)
            ? Copy(tensor)
            : throw new GgufException($"tensor '{name}': type {TensorTypes.Name(tensor.Type)} is not supported for a vector");
    }

    /// <summary>A table of (rows, width).</summary>
    public float* Table(string name, int width, int rows) => Copy(Shaped(name, [width, rows]));

    private static bool IsCopied(GgufTensor tensor) => (tensor.DimensionCount == 1 && IsUnquantized(tensor)) || tensor.Name == ClipKeys.PositionEmbedding;

    private static bool IsUnquantized(GgufTensor tensor) => tensor.Type is TensorType.F32 or TensorType.F16 or TensorType.BF16;

    private float* OptionalVector(string name, int length) => Has(name) ? Vector(name, length) : null;

    private GgufTensor Shaped(string name, ReadOnlySpan<long> shape)
    {
        GgufTensor tensor = file.GetTensor(name);
        long elements = 1;
        bool matches = true;
        for (int i = 0; i < shape.Length; i++)
        {
            matches &= (i < tensor.DimensionCount ? tensor.Shape[i] : 1) == shape[i];
            elements *= shape[i];
        }

        if (!matches || tensor.ElementCount != elements)
        {
            throw new GgufException($"tensor '{name}': shape must be [{string.Join(", ", shape.ToArray())}], is [{string.Join(", ", tensor.Shape.ToArray())}]");
        }

        return Dequantizer.Supports(tensor.Type)
            ? tensor
            : throw new GgufException($"tensor '{name}': type {TensorTypes.Name(tensor.Type)} is not supported");
    }

    private float* Copy(GgufTensor tensor)
    {
        // Room for whole panels: what adds a bias reads 32 columns at a time.
        float* target = memory.Take(tensor.ElementCount + MatMulFloatTile.Columns);
        Dequantizer.ToFloat(tensor.Type, tensor.Address, new Span<float>(target, checked((int)tensor.ElementCount)));
        return target;
    }
}
