using System.Text;
using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Reads and checks <c>options</c>. As in Ollama a null is skipped, an unknown name ignored and a fraction given for an integer cut off; a wrong type has
/// Ollama's text. Mirostat is honoured, where Ollama's own engine passes over it.
/// </summary>
internal static class OllamaOptionsReader
{
    /// <summary>Far more than any model was ever run with; keeps sums of penalties finite.</summary>
    private const float MaxPenalty = 1000f;

    private const float MaxTemperature = 1000f;

    /// <summary>Bits of surprise; a vocabulary of a million tokens has 20.</summary>
    private const float MaxTau = 100f;

    private const int MaxStops = 16;
    private const int MaxStopBytes = 1024;

    private static readonly string[] IgnoredIntegers =
        ["num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict"];

    private static readonly string[] IgnoredBooleans =
        ["use_mmap", "use_mlock", "low_vram", "f16_kv", "logits_all", "vocab_only", "numa", "penalize_newline"];

    private static readonly string[] IgnoredNumbers = ["tfs_z"];

    private static readonly string[] Honoured =
    [
        "num_predict", "num_ctx", "seed", "temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "repeat_penalty", "presence_penalty",
        "frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta", "stop",
    ];

    /// <summary>All names that are read.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = [.. Honoured, .. IgnoredIntegers, .. IgnoredBooleans, .. IgnoredNumbers];

    /// <summary>The options of a request over those of its model. Throws 400 for a wrong type and a value out of range.</summary>
    public static OllamaOptions Read(JsonFields? given, ModelEntry model) =>
        Read(given, Read(model.Defaults.Options is { } own ? new JsonFields(own, "options", ignoresCase: false) : null) with { Ignored = [] });

    /// <summary>Throws 400 for a wrong type and a value out of range.</summary>
    /// <param name="given">What a caller or a model says.</param>
    /// <param name="fallback">What holds where it says nothing; null for Ollama's own defaults.</param>
    public static OllamaOptions Read(JsonFields? given, OllamaOptions? fallback = null)
    {
        var defaults = fallback ?? new OllamaOptions();
        if (given is not { } fields)
        {
            return defaults;
        }

        return new OllamaOptions
        {
            NumPredict = (int)Math.Clamp(Integer(fields, "num_predict") ?? defaults.NumPredict, -1, int.MaxValue),
            NumCtx = Integer(fields, "num_ctx") is { } context and > 0 ? (int)Math.Min(context, int.MaxValue) : defaults.NumCtx,
            Seed = Integer(fields, "seed") ?? defaults.Seed,
            Temperature = Math.Max(0f, Number(fields, "temperature", -MaxTemperature, MaxTemperature) ?? defaults.Temperature),
            TopK = (int)Math.Clamp(Integer(fields, "top_k") ?? defaults.TopK, 0, int.MaxValue),
            TopP = Probability(fields, "top_p") ?? defaults.TopP,
            MinP = Probability(fields, "min_p") ?? defaults.MinP,
            TypicalP = Probability(fields, "typical_p") ?? defaults.TypicalP,
            RepeatLastN = (int)Math.Clamp(Integer(fields, "repeat_last_n") ?? defaults.RepeatLastN, -1, int.MaxValue),
            RepeatPenalty = Number(fields, "repeat_penalty", 1 / MaxPenalty, MaxPenalty) ?? defaults.RepeatPenalty,
            PresencePenalty = Number(fields, "presence_penalty", -MaxPenalty, MaxPenalty) ?? defaults.PresencePenalty,
            FrequencyPenalty = Number(fields, "frequency_penalty", -MaxPenalty, MaxPenalty) ?? defaults.FrequencyPenalty,
            Mirostat = Mirostat(fields) ?? defaults.Mirostat,
            MirostatTau = Number(fields, "mirostat_tau", 0, MaxTau) ?? defaults.MirostatTau,
            MirostatEta = Number(fields, "mirostat_eta", 0, 1) ?? defaults.MirostatEta,
            Stop = Stop(fields) ?? defaults.Stop,
            Ignored = Ignored(fields),
        };
    }

    private static long? Integer(JsonFields fields, string name)
    {
        if (!fields.TryGet(name, out var field))
        {
            return null;
        }

        if (field.Kind != JsonValueKind.Number)
        {
            throw WrongType(field, "integer");
        }

        // A double beyond the range of long saturates, and what it is used for has a smaller range of its own.
        return field.Element.TryGetInt64(out var integer) ? integer : (long)Math.Truncate(field.Element.GetDouble());
    }

    private static float? Number(JsonFields fields, string name, float min, float max)
    {
        if (!fields.TryGet(name, out var field))
        {
            return null;
        }

        if (field.Kind != JsonValueKind.Number)
        {
            throw WrongType(field, "float32");
        }

        var value = field.Element.GetDouble();
        return value >= min && value <= max
            ? (float)value
            : throw RequestException.InvalidValue(field.Path, $"option \"{name}\" must be between {min} and {max}");
    }

    /// <summary>Values outside 0 to 1 mean what the nearer end means, as in Ollama.</summary>
    private static float? Probability(JsonFields fields, string name) =>
        Number(fields, name, float.MinValue, float.MaxValue) is { } value ? Math.Clamp(value, 0f, 1f) : null;

    private static int? Mirostat(JsonFields fields) => Integer(fields, "mirostat") switch
    {
        null => null,
        >= 0 and <= 2 and { } version => (int)version,
        _ => throw RequestException.InvalidValue(fields.PathOf("mirostat"), "option \"mirostat\" must be between 0 and 2"),
    };

    private static List<string>? Stop(JsonFields fields)
    {
        if (!fields.TryGet("stop", out var field))
        {
            return null;
        }

        if (field.Kind != JsonValueKind.Array)
        {
            throw WrongType(field, "array");
        }

        var stops = new List<string>();
        foreach (var item in field.AsArray(MaxStops))
        {
            if (item.Kind != JsonValueKind.String)
            {
                throw RequestException.InvalidValue(item.Path, "option \"stop\" must be of an array of strings");
            }

            var text = item.AsString();
            if (Encoding.UTF8.GetByteCount(text) > MaxStopBytes)
            {
                throw RequestException.InvalidValue(item.Path, $"option \"stop\" has a text of more than {MaxStopBytes} bytes");
            }

            // An empty text would end every answer at once; Ollama's engine passes over it.
            if (text.Length > 0)
            {
                stops.Add(text);
            }
        }

        return stops;
    }

    private static List<string> Ignored(JsonFields fields)
    {
        var names = new List<string>();
        foreach (var name in IgnoredIntegers)
        {
            AddIf(Integer(fields, name) is not null, name);
        }

        foreach (var name in IgnoredNumbers)
        {
            AddIf(Number(fields, name, float.MinValue, float.MaxValue) is not null, name);
        }

        foreach (var name in IgnoredBooleans)
        {
            if (fields.TryGet(name, out var field))
            {
                AddIf(field.Kind is JsonValueKind.True or JsonValueKind.False ? true : throw WrongType(field, "boolean"), name);
            }
        }

        return names;

        void AddIf(bool isGiven, string name)
        {
            if (isGiven)
            {
                names.Add(name);
            }
        }
    }

    private static RequestException WrongType(JsonField field, string type) =>
        RequestException.InvalidValue(field.Path, $"option \"{field.Name}\" must be of type {type}");
}
