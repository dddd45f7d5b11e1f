using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.LLamaSharp;

/// <summary>Embeddings of tokens, read from a model's file: for texts that a vision family puts around a picture. Stateless, any thread.</summary>
internal static class TokenRows
{
    private const string TensorName = "token_embd.weight";

    /// <summary>Writes one row per token, shape (tokens, width). Throws <see cref="GgufException"/> for a type that is not known.</summary>
    public static void Write(GgufFile model, ReadOnlySpan<int> tokens, Span<float> rows)
    {
        var tensor = model.GetTensor(TensorName);
        var width = (int)tensor.Shape[0];
        var rowBytes = TensorTypes.RowBytes(tensor.Type, width);
        for (var i = 0; i < tokens.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)tokens[i], (ulong)tensor.Shape[1], nameof(tokens));
            Dequantizer.ToFloat(tensor.Type, tensor.Address + (nint)(tokens[i] * rowBytes), rows.Slice(i * width, width));
        }
    }
}
