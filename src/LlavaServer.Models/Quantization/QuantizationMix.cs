using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// A named recipe such as "Q4_K_M": a base type, and which tensors get more bits. The rules are those of llama-quantize for dense models without an
/// importance matrix. Immutable.
/// </summary>
public sealed class QuantizationMix
{
    private static readonly QuantizationMix[] Mixes =
    [
        new("F32", TensorType.F32, 0),
        new("F16", TensorType.F16, 1),
        new("BF16", TensorType.BF16, 32),
        new("Q4_0", TensorType.Q4_0, 2),
        new("Q4_1", TensorType.Q4_1, 3),
        new("Q5_0", TensorType.Q5_0, 8),
        new("Q5_1", TensorType.Q5_1, 9),
        new("Q8_0", TensorType.Q8_0, 7),
        new("Q2_K", TensorType.Q2_K, 10),
        new("Q3_K_S", TensorType.Q3_K, 11),
        new("Q3_K_M", TensorType.Q3_K, 12),
        new("Q3_K_L", TensorType.Q3_K, 13),
        new("Q4_K_S", TensorType.Q4_K, 14),
        new("Q4_K_M", TensorType.Q4_K, 15),
        new("Q5_K_S", TensorType.Q5_K, 16),
        new("Q5_K_M", TensorType.Q5_K, 17),
        new("Q6_K", TensorType.Q6_K, 18),
        new("IQ4_NL", TensorType.IQ4_NL, 25),
        new("IQ4_XS", TensorType.IQ4_XS, 30),
    ];

    private QuantizationMix(string name, TensorType baseType, uint fileType)
    {
        Name = name;
        BaseType = baseType;
        FileType = fileType;
    }

    public string Name { get; }

    /// <summary>Type of a tensor to which no rule applies.</summary>
    public TensorType BaseType { get; }

    /// <summary>The number of the recipe in `general.file_type`.</summary>
    public uint FileType { get; }

    public static IReadOnlyList<QuantizationMix> All => Mixes;

    /// <summary>Finds a recipe by name in any case; "Q3_K", "Q4_K" and "Q5_K" mean the _M recipe, as in llama-quantize.</summary>
    /// <exception cref="GgufException">There is no such recipe.</exception>
    public static QuantizationMix Parse(string name)
    {
        foreach (var candidate in (ReadOnlySpan<string>)[name, name + "_M"])
        {
            var index = Array.FindIndex(Mixes, mix => string.Equals(mix.Name, candidate, StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
            {
                return Mixes[index];
            }
        }

        throw new GgufException($"quantization {GgufText.Quote(name)} is not known; choose one of {string.Join(", ", Mixes.Select(mix => mix.Name))}");
    }

    /// <summary>The standard recipe with this base type.</summary>
    /// <exception cref="GgufException">No recipe uses the type.</exception>
    public static QuantizationMix Of(TensorType type) => Parse(TensorTypes.Name(type));

    /// <summary>
    /// The storage type of every tensor of a model. Names decide; the order is that of <see cref="TensorOrder"/>, because some rules count layers.
    /// </summary>
    /// <param name="tensors">Name, shape and present type of all tensors of one model.</param>
    /// <param name="layerCount">Layers of the language model; 0 for a vision tower.</param>
    /// <param name="queriesPerKey">Query heads per key and value head.</param>
    /// <param name="pure">Use the base type for every matrix.</param>
    public Dictionary<string, TensorType> ChooseTypes(IEnumerable<TensorPlan> tensors, int layerCount, int queriesPerKey, bool pure)
    {
        var ordered = tensors.OrderBy(tensor => tensor.Name, TensorOrder.Instance).ToList();
        var rules = new MixRules(this, layerCount, queriesPerKey, ordered);
        var types = new Dictionary<string, TensorType>(StringComparer.Ordinal);
        foreach (var tensor in ordered)
        {
            types[tensor.Name] = rules.Choose(tensor, pure);
        }

        return types;
    }
}
