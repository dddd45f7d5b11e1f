using System.Runtime.InteropServices;
using System.Text.Json;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Sampling;

/// <summary>
/// The chain against llama-server: for each step its log probabilities of the whole vocabulary (which differ from the logits by a constant), the
/// probabilities after its samplers, and the token it drew. Made with <c>n_probs</c>, once plain and once with <c>post_sampling_probs</c>.
/// </summary>
public sealed class LlamaServerSamplerTests
{
    private static readonly JsonElement s_golden = Read();

    public static TheoryData<string> Names => [.. s_golden.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_LogitsOfLlamaServer_SameProbabilitiesAndToken(string name)
    {
        var golden = s_golden.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        var sampler = new Sampler(Parameters(golden), 2048, BundledTokenizer.Get());
        foreach (var token in golden.GetProperty("prompt").EnumerateArray())
        {
            sampler.Accept(token.GetInt32());
        }

        var candidates = new CandidateList(s_golden.GetProperty("vocabulary").GetInt32());
        foreach (var step in golden.GetProperty("steps").EnumerateArray())
        {
            var logits = MemoryMarshal.Cast<byte, float>(step.GetProperty("logits").GetBytesFromBase64());
            var picked = sampler.Sample(logits, candidates);
            var ours = candidates.Items.ToArray().Where(c => c.Probability > 0).ToDictionary(c => c.TokenId, c => c.Probability);
            foreach (var pair in step.GetProperty("top").EnumerateArray())
            {
                var expected = pair[1].GetSingle();
                Assert.Equal(expected, ours.GetValueOrDefault(pair[0].GetInt32()), Math.Max(1e-6, expected * 2e-5));
            }

            Assert.Equal(step.GetProperty("kept").GetInt32(), ours.Count);
            Assert.Equal(step.GetProperty("picked").GetInt32(), picked);
            sampler.Accept(picked);
        }
    }

    private static SamplingParameters Parameters(JsonElement golden)
    {
        var given = golden.GetProperty("parameters");
        float Number(string field, float neutral) => given.TryGetProperty(field, out var value) ? value.GetSingle() : neutral;
        int Integer(string field, int neutral) => given.TryGetProperty(field, out var value) ? value.GetInt32() : neutral;
        return new SamplingParameters
        {
            Seed = golden.GetProperty("seed").GetUInt32(),
            Temperature = Number("temperature", 1),
            TopK = Integer("top_k", 0),
            TopP = Number("top_p", 1),
            MinP = Number("min_p", 0),
            TypicalP = Number("typical_p", 1),
            TopNSigma = Number("top_n_sigma", -1),
            XtcProbability = Number("xtc_probability", 0),
            XtcThreshold = Number("xtc_threshold", 0.1f),
            DynamicTemperatureRange = Number("dynatemp_range", 0),
            DynamicTemperatureExponent = Number("dynatemp_exponent", 1),
            FrequencyPenalty = Number("frequency_penalty", 0),
            PresencePenalty = Number("presence_penalty", 0),
            RepeatLastN = Integer("repeat_last_n", 64),
            Mirostat = (MirostatVersion)Integer("mirostat", 0),
            MirostatTau = Number("mirostat_tau", 5),
            MirostatEta = Number("mirostat_eta", 0.1f),
            MinKeep = Integer("min_keep", 0),
            Dry = new DryParameters
            {
                Multiplier = Number("dry_multiplier", 0),
                Base = Number("dry_base", 1.75f),
                AllowedLength = Integer("dry_allowed_length", 2),
                LastN = Integer("dry_penalty_last_n", 64),
                SequenceBreakers = given.TryGetProperty("dry_sequence_breakers", out var texts)
                    ? [.. texts.EnumerateArray().Select(t => t.GetString()!)]
                    : new DryParameters().SequenceBreakers,
            },
            Order = given.TryGetProperty("samplers", out var names) ? [.. names.EnumerateArray().Select(n => KindOf(n.GetString()!))] : SamplingParameters.DefaultOrder,
        };
    }

    private static SamplerKind KindOf(string name) => name switch
    {
        "penalties" => SamplerKind.Penalties,
        "top_k" => SamplerKind.TopK,
        "top_p" => SamplerKind.TopP,
        "min_p" => SamplerKind.MinP,
        "typ_p" => SamplerKind.TypicalP,
        "xtc" => SamplerKind.Xtc,
        "temperature" => SamplerKind.Temperature,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not in the golden file"),
    };

    private static JsonElement Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Sampling", "Golden", "llama-server-samplers.json")));
        return document.RootElement.Clone();
    }
}
