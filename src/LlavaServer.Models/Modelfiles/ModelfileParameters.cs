using System.Globalization;
using System.Text.Json.Nodes;

namespace LlavaServer.Models.Modelfiles;

/// <summary>
/// The options that <c>PARAMETER</c> lines may set, and their types. Deprecated ones are named, so that they can be warned about, and left out; those of
/// mirostat are not among them as in Ollama, because this server honours them.
/// </summary>
public static class ModelfileParameters
{
    private static readonly HashSet<string> s_integers =
    [
        "num_predict", "num_keep", "seed", "top_k", "repeat_last_n", "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict", "mirostat",
    ];

    private static readonly HashSet<string> s_numbers =
    [
        "temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "mirostat_tau", "mirostat_eta",
    ];

    private static readonly HashSet<string> s_deprecated =
    [
        "penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock", "numa", "tfs_z",
    ];

    /// <summary>All names that have an effect.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. s_integers, .. s_numbers, "use_mmap", "stop"];

    /// <summary>Names that older versions of Ollama had.</summary>
    public static IReadOnlyCollection<string> Deprecated => s_deprecated;

    /// <summary>The parameters of a Modelfile as the JSON object that a server takes; of one name the last counts, and <c>stop</c> accumulates.</summary>
    /// <param name="file">The Modelfile.</param>
    /// <param name="deprecated">Receives the names that were left out.</param>
    /// <exception cref="ModelfileException">A name is unknown, or a value is not of its type.</exception>
    public static JsonObject Read(Modelfile file, ICollection<string> deprecated)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(deprecated);
        var options = new JsonObject();
        foreach (var instruction in file.Instructions.Where(static instruction => instruction.Kind == ModelfileInstructionKind.Parameter))
        {
            var (name, value) = (instruction.Name!, instruction.Value);
            if (s_deprecated.Contains(name))
            {
                deprecated.Add(name);
            }
            else if (name == "stop")
            {
                var stops = options["stop"] as JsonArray ?? [];
                stops.Add(value);
                options["stop"] = stops;
            }
            else
            {
                options[name] = Typed(name, value);
            }
        }

        return options;
    }

    private static JsonValue Typed(string name, string value)
    {
        if (s_integers.Contains(name))
        {
            return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)
                ? JsonValue.Create(integer)
                : throw new ModelfileException($"invalid int value [{value}]");
        }

        if (s_numbers.Contains(name))
        {
            return float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
                ? JsonValue.Create(number)
                : throw new ModelfileException($"invalid float value [{value}]");
        }

        return name != "use_mmap" ? throw new ModelfileException($"unknown parameter '{name}'") : value switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => JsonValue.Create(true),
            "0" or "f" or "F" or "false" or "FALSE" or "False" => JsonValue.Create(false),
            _ => throw new ModelfileException($"invalid bool value [{value}]"),
        };
    }
}
