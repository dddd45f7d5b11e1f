using System.Text.Json;
using System.Text.Json.Serialization;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.Language;

/// <summary>
/// What llama-server answers for a random-weight model: after a prompt, the greedy tokens with the log-probabilities of the likeliest tokens of every
/// step. The model is written again by the test and must have the same hash.
/// </summary>
internal sealed record GoldenLogits(string Name, string Sha256, string Command, int[] Prompt, GoldenStep[] Steps)
{
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Name, shape and quantization of every model: each tensor type, then each variation of the graph in F32.</summary>
    public static IReadOnlyList<(string Name, LanguageShape Shape, string Mix)> Models { get; } =
    [
        ("f32", LanguageShape.Tiny, "F32"),
        ("f16", LanguageShape.Tiny, "F16"),
        ("bf16", LanguageShape.Tiny, "BF16"),
        ("q4_0", LanguageShape.Tiny, "Q4_0"),
        ("q4_1", LanguageShape.Tiny, "Q4_1"),
        ("q5_0", LanguageShape.Tiny, "Q5_0"),
        ("q5_1", LanguageShape.Tiny, "Q5_1"),
        ("q8_0", LanguageShape.Tiny, "Q8_0"),
        ("iq4_nl", LanguageShape.Tiny, "IQ4_NL"),
        ("q2_k", LanguageShape.Tiny256, "Q2_K"),
        ("q3_k", LanguageShape.Tiny256, "Q3_K_M"),
        ("q4_k", LanguageShape.Tiny256, "Q4_K_M"),
        ("q5_k", LanguageShape.Tiny256, "Q5_K_M"),
        ("q6_k", LanguageShape.Tiny256, "Q6_K"),
        ("iq4_xs", LanguageShape.Tiny256, "IQ4_XS"),
        ("qwen2", LanguageShape.Tiny with { Architecture = "qwen2" }, "F32"),
        ("tied", LanguageShape.Tiny with { TiedOutput = true }, "F32"),
        ("linear", LanguageShape.Tiny with { RopeScaling = "linear", RopeScalingFactor = 4 }, "F32"),
        ("yarn", LanguageShape.Tiny with { RopeScaling = "yarn", RopeScalingFactor = 4, RopeOriginalContext = 64 }, "F32"),
        ("frequencies", LanguageShape.Tiny with { RopeFrequencies = true }, "F32"),
        ("multihead", LanguageShape.Tiny with { KeyValueHeads = 4 }, "F32"),
    ];

    /// <summary>Writes one of <see cref="Models"/> and returns its path.</summary>
    public static string WriteModel(string folder, string name)
    {
        (string Name, LanguageShape Shape, string Mix) model = Models.First(candidate => candidate.Name == name);
        string path = Path.Combine(folder, $"golden-{name}.gguf");
        RandomLanguageModel.Write(path, model.Shape, QuantizationMix.Parse(model.Mix), seed: 11, pure: true);
        return path;
    }
}
