using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads llama-server's field <c>samplers</c>: names of stages in order, or one letter for each. A name that is not known is refused.</summary>
internal static class SamplerNames
{
    private const int MaxStages = 32;

    private static readonly Dictionary<string, SamplerKind> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["penalties"] = SamplerKind.Penalties,
        ["dry"] = SamplerKind.Dry,
        ["topnsigma"] = SamplerKind.TopNSigma,
        ["topk"] = SamplerKind.TopK,
        ["typ"] = SamplerKind.TypicalP,
        ["typp"] = SamplerKind.TypicalP,
        ["topp"] = SamplerKind.TopP,
        ["nucleus"] = SamplerKind.TopP,
        ["minp"] = SamplerKind.MinP,
        ["xtc"] = SamplerKind.Xtc,
        ["temp"] = SamplerKind.Temperature,
        ["temperature"] = SamplerKind.Temperature,
    };

    private static readonly Dictionary<char, SamplerKind> s_letters = new()
    {
        ['e'] = SamplerKind.Penalties,
        ['d'] = SamplerKind.Dry,
        ['s'] = SamplerKind.TopNSigma,
        ['k'] = SamplerKind.TopK,
        ['y'] = SamplerKind.TypicalP,
        ['p'] = SamplerKind.TopP,
        ['m'] = SamplerKind.MinP,
        ['x'] = SamplerKind.Xtc,
        ['t'] = SamplerKind.Temperature,
    };

    public static IReadOnlyList<SamplerKind> Read(JsonFields body)
    {
        if (!body.TryGet("samplers", out var field))
        {
            return SamplingParameters.DefaultOrder;
        }

        return field.Kind == JsonValueKind.String ? OfLetters(field) : [.. field.AsArray(MaxStages).Select(OfName)];
    }

    private static SamplerKind OfName(JsonField item) =>
        s_names.TryGetValue(item.AsString().Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal), out var kind)
            ? kind
            : throw RequestException.InvalidValue(
                item.Path, $"'{item.Path}' must be one of penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature.");

    private static List<SamplerKind> OfLetters(JsonField field)
    {
        var kinds = new List<SamplerKind>();
        foreach (var letter in field.AsString())
        {
            if (kinds.Count == MaxStages || !s_letters.TryGetValue(letter, out var kind))
            {
                throw RequestException.InvalidValue("samplers", $"'samplers' must be at most {MaxStages} of the letters edskypmxt.");
            }

            kinds.Add(kind);
        }

        return kinds;
    }
}
