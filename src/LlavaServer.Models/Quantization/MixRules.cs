using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// The rules of llama-quantize (llama.cpp `src/llama-quant.cpp`, dense models, no importance matrix): which tensors stay as they are, which get more
/// bits, and what a row that does not fit the block falls back to. Holds the layer counters of one run over a model.
/// </summary>
internal sealed class MixRules
{
    private readonly QuantizationMix mix;
    private readonly int layers;
    private readonly int queriesPerKey;
    private readonly int valueTensors;
    private readonly bool tiedOutput;
    private int valueIndex;
    private int downIndex;

    public MixRules(QuantizationMix mix, int layers, int queriesPerKey, List<TensorPlan> tensors)
    {
        this.mix = mix;
        this.layers = layers;
        this.queriesPerKey = queriesPerKey;
        valueTensors = tensors.Count(tensor => IsValue(tensor.Name));
        tiedOutput = tensors.TrueForAll(tensor => tensor.Name != "output.weight");
    }

    public TensorType Choose(TensorPlan tensor, bool pure)
    {
        if (!IsQuantizable(tensor))
        {
            return tensor.Type;
        }

        if (TensorTypes.BlockElements(mix.BaseType) == 1)
        {
            return mix.BaseType;
        }

        return Fallback(pure ? mix.BaseType : Preferred(tensor), tensor.Shape[0]);
    }

    /// <summary>Matrices that are named "...weight" and are no norms, positions or convolution kernels.</summary>
    private static bool IsQuantizable(TensorPlan tensor) =>
        tensor.Shape.AsSpan().LastIndexOfAnyExcept(1) >= 1
        && tensor.Name.EndsWith("weight", StringComparison.Ordinal)
        && !tensor.Name.Contains("_norm.weight", StringComparison.Ordinal)
        && !tensor.Name.Contains("ffn_gate_inp.weight", StringComparison.Ordinal)
        && !tensor.Name.Contains(".position_embd", StringComparison.Ordinal)
        && tensor.Name is not ("position_embd.weight" or "token_types.weight")
        && !tensor.Name.Contains(".patch_embd", StringComparison.Ordinal);

    private TensorType Preferred(TensorPlan tensor)
    {
        var name = tensor.Name;
        if (name == "output.weight" || (tiedOutput && name == "token_embd.weight"))
        {
            return tensor.Shape[0] % TensorTypes.BlockElements(mix.BaseType) != 0 || mix.BaseType == TensorType.Q8_0 ? TensorType.Q8_0 : TensorType.Q6_K;
        }

        if (IsValue(name))
        {
            return Value(valueIndex++);
        }

        if (name.Contains("ffn_down", StringComparison.Ordinal))
        {
            return Down(downIndex++);
        }

        if (name.Contains("attn_output.weight", StringComparison.Ordinal))
        {
            return mix.Name switch
            {
                "Q2_K" => TensorType.Q3_K,
                "Q3_K_M" => TensorType.Q4_K,
                "Q3_K_L" => TensorType.Q5_K,
                _ => mix.BaseType,
            };
        }

        return mix.BaseType;
    }

    private TensorType Value(int index) => mix.Name switch
    {
        "Q2_K" => queriesPerKey >= 4 ? TensorType.Q4_K : TensorType.Q3_K,
        "Q3_K_M" => index < 2 ? TensorType.Q5_K : TensorType.Q4_K,
        "Q3_K_L" => TensorType.Q5_K,
        "IQ4_NL" or "IQ4_XS" when queriesPerKey >= 4 => TensorType.Q5_K,
        "Q4_K_M" or "Q5_K_M" when DeservesMore(index, valueTensors) => TensorType.Q6_K,
        "Q4_K_S" when index < 4 => TensorType.Q5_K,
        _ => mix.BaseType,
    };

    private TensorType Down(int layer) => mix.Name switch
    {
        "Q2_K" => TensorType.Q3_K,
        "Q3_K_M" => layer < layers / 16 ? TensorType.Q5_K : TensorType.Q4_K,
        "Q3_K_L" => TensorType.Q5_K,
        "Q4_K_M" or "Q5_K_M" when DeservesMore(layer, layers) => TensorType.Q6_K,
        "IQ4_NL" or "IQ4_XS" or "Q4_K_S" when layer < layers / 8 => TensorType.Q5_K,
        _ => mix.BaseType,
    };

    private static bool IsValue(string name) =>
        name.Contains("attn_v.weight", StringComparison.Ordinal) || name.Contains("attn_qkv.weight", StringComparison.Ordinal);

    /// <summary>The first and last eighth of the layers, and every third between them.</summary>
    private static bool DeservesMore(int layer, int count) => layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2;

    private static TensorType Fallback(TensorType type, long rowElements)
    {
        if (rowElements % TensorTypes.BlockElements(type) == 0)
        {
            return type;
        }

        var smaller = type switch
        {
            TensorType.IQ4_XS => TensorType.IQ4_NL,
            TensorType.Q2_K or TensorType.Q3_K => TensorType.Q4_0,
            TensorType.Q4_K => TensorType.Q5_0,
            TensorType.Q5_K => TensorType.Q5_1,
            TensorType.Q6_K => TensorType.Q8_0,
            _ => TensorType.F16,
        };
        return rowElements % TensorTypes.BlockElements(smaller) == 0 ? smaller : TensorType.F16;
    }
}
