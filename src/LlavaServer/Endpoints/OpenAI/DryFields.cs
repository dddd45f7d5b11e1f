using System.Text;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads llama-server's <c>dry_</c> fields.</summary>
internal static class DryFields
{
    private const int MaxLookBack = 1 << 20;
    private const int MaxBreakers = 32;

    /// <summary>llama.cpp cuts longer ones off.</summary>
    private const int MaxBreakerBytes = 40;

    public static DryParameters Read(JsonFields body)
    {
        var defaults = new DryParameters();
        return new DryParameters
        {
            Multiplier = (float?)body.Number("dry_multiplier", 0, 1000) ?? defaults.Multiplier,
            Base = (float?)body.Number("dry_base", 1, 1000) ?? defaults.Base,
            AllowedLength = body.Int32("dry_allowed_length", 0, MaxLookBack) ?? defaults.AllowedLength,
            LastN = body.Int32("dry_penalty_last_n", -1, MaxLookBack) ?? defaults.LastN,
            SequenceBreakers = Breakers(body) ?? defaults.SequenceBreakers,
        };
    }

    private static List<string>? Breakers(JsonFields body)
    {
        if (!body.TryGet("dry_sequence_breakers", out var field))
        {
            return null;
        }

        var texts = new List<string>();
        foreach (var item in field.AsArray(MaxBreakers))
        {
            var text = item.AsString();
            texts.Add(text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= MaxBreakerBytes
                ? text
                : throw RequestException.InvalidValue(item.Path, $"'{item.Path}' must have 1 to {MaxBreakerBytes} bytes."));
        }

        return texts.Count > 0 ? texts : throw RequestException.InvalidValue("dry_sequence_breakers", "'dry_sequence_breakers' must not be empty.");
    }
}
