using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>The linear layer of every block, in float32 or bfloat16.</summary>
public static class MatMul
{
    private static readonly TorchSharp.Scalar One = TorchSharp.ScalarExtensionMethods.ToScalar(1f);

    /// <summary>Computes products and what lies between them in bfloat16; weights, residual stream, norms and losses stay float32.</summary>
    public static bool UseBFloat16 { get; set; }

    /// <summary>x [.., in] times weight [out, in] plus bias [out]; the result has the compute type.</summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) =>
        UseBFloat16
            ? functional.linear(x.to_type(ScalarType.BFloat16), weight.to_type(ScalarType.BFloat16), bias?.to_type(ScalarType.BFloat16))
            : functional.linear(x, weight, bias);

    /// <summary>a + b. The library's operator makes a Scalar on each call; this one passes a Scalar that lives on.</summary>
    public static Tensor Add(Tensor a, Tensor b) => a.add(b, One);

    /// <summary>
    /// Attention of q, k, v [n, heads, t, size] with an additive mask that broadcasts to [n, heads, t, t]. Plain products: at these
    /// sizes they take half the time of the library's fused kernel.
    /// </summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var scores = matmul(q * Constants.Of(1 / MathF.Sqrt(q.shape[^1])), k.transpose(-1, -2));
        if (mask is not null)
        {
            scores = Add(scores, Compute(mask));
        }

        return matmul(functional.softmax(scores, -1), v);
    }

    /// <summary>A constant (mask, rotation table) in the type that products have.</summary>
    public static Tensor Compute(Tensor x) => UseBFloat16 ? x.to_type(ScalarType.BFloat16) : x;

    /// <summary>Back to float32, for norms and losses.</summary>
    public static Tensor Full(Tensor x) => UseBFloat16 ? x.to_type(ScalarType.Float32) : x;
}
