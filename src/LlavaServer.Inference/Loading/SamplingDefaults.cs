using System.Text.Json;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Loading;

/// <summary>Reads a model's own sampling out of its options, under Ollama's names. What is missing, or not in range, stays as it is for every model.</summary>
internal static class SamplingDefaults
{
    private const float MaxPenalty = 1000;

    public static SamplingParameters Read(JsonElement? options)
    {
        var usual = new SamplingParameters();
        if (options is not { } own)
        {
            return usual;
        }

        float Number(string name, float absent, float min, float max) =>
            own.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number >= min && number <= max
                ? (float)number
                : absent;

        int Integer(string name, int absent, int min) => (int)Number(name, absent, min, 1 << 24);

        return usual with
        {
            Temperature = Number("temperature", usual.Temperature, 0, MaxPenalty),
            TopK = Integer("top_k", usual.TopK, 0),
            TopP = Number("top_p", usual.TopP, 0, 1),
            MinP = Number("min_p", usual.MinP, 0, 1),
            TypicalP = Number("typical_p", usual.TypicalP, 0, 1),
            RepeatLastN = Integer("repeat_last_n", usual.RepeatLastN, -1),
            RepeatPenalty = Number("repeat_penalty", usual.RepeatPenalty, 1 / MaxPenalty, MaxPenalty),
            FrequencyPenalty = Number("frequency_penalty", usual.FrequencyPenalty, -MaxPenalty, MaxPenalty),
            PresencePenalty = Number("presence_penalty", usual.PresencePenalty, -MaxPenalty, MaxPenalty),
        };
    }
}
