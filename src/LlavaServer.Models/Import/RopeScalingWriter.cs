using System.Runtime.InteropServices;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>Writes `rope_scaling` of a checkpoint: as keys, or for Llama 3.1 as the tensor of frequency factors.</summary>
internal static class RopeScalingWriter
{
    public static void Add(GgufWriter writer, LanguageConfig config)
    {
        var scaling = config.RopeScaling;
        var type = scaling?.FindString("rope_type") ?? scaling?.FindString("type");
        if (scaling is null || type is null or "default")
        {
            return;
        }

        var prefix = config.Architecture + ".rope.scaling.";
        var factor = scaling.GetSingle("factor", 1, 1, 1e6f);
        switch (type)
        {
            case "linear":
                writer.AddString(prefix + "type", "linear");
                writer.AddFloat32(prefix + "factor", factor);
                break;
            case "yarn":
                writer.AddString(prefix + "type", "yarn");
                writer.AddFloat32(prefix + "factor", factor);
                writer.AddUInt32(
                    prefix + "original_context_length", (uint)scaling.GetInt32("original_max_position_embeddings", config.Context, 1, 1 << 24));
                break;
            case "llama3":
                AddFrequencyFactors(writer, config, scaling, factor);
                break;
            default:
                throw scaling.Wrong("rope_type", "linear, yarn or llama3");
        }
    }

    /// <summary>Long waves are stretched by the factor, short ones kept, those between blended (Llama 3.1's configuration_llama.py).</summary>
    private static void AddFrequencyFactors(GgufWriter writer, LanguageConfig config, JsonFile scaling, float factor)
    {
        var low = scaling.GetSingle("low_freq_factor", 1, 1e-3f, 1e3f);
        var high = scaling.GetSingle("high_freq_factor", 4, 1e-3f, 1e3f);
        var context = scaling.GetInt32("original_max_position_embeddings", 8_192, 1, 1 << 24);
        if (high <= low)
        {
            throw scaling.Wrong("high_freq_factor", "above low_freq_factor");
        }

        var factors = new float[config.HeadSize / 2];
        for (var i = 0; i < factors.Length; i++)
        {
            var wave = 2 * Math.PI * Math.Pow(config.RopeBase, 2.0 * i / config.HeadSize);
            var blend = (context / wave - low) / (high - low);
            factors[i] = wave < context / high ? 1 : wave > context / low ? factor : (float)(1 / ((1 - blend) / factor + blend));
        }

        writer.AddTensor("rope_freqs.weight", TensorType.F32, [factors.Length], MemoryMarshal.AsBytes(factors.AsSpan()).ToArray());
    }
}
