using System.Globalization;

namespace LlavaServer.Models.Gguf;

/// <summary>What a model file says about itself, in the words of Ollama's listings. Stateless, any thread.</summary>
public static class GgufSummary
{
    private static readonly string[] s_fileTypes =
    [
        "F32", "F16", "Q4_0", "Q4_1", "", "", "", "Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M",
        "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16",
    ];

    /// <summary>Name of the recipe in which the weights are stored; <c>unknown</c> when the file does not say.</summary>
    public static string FileType(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var type = metadata.GetInt32("general.file_type", -1);
        return type >= 0 && type < s_fileTypes.Length && s_fileTypes[type].Length > 0 ? s_fileTypes[type] : "unknown";
    }

    /// <summary>A number of parameters: <c>7.2B</c>, <c>134.52M</c>, <c>30K</c>.</summary>
    public static string InWords(long count) => count switch
    {
        >= 1_000_000_000 => (count / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + "B",
        >= 1_000_000 => (count / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        >= 1_000 => (count / 1e3).ToString("0", CultureInfo.InvariantCulture) + "K",
        _ => count.ToString(CultureInfo.InvariantCulture),
    };
}
