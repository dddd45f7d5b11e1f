using System.Collections;
using System.Globalization;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Configuration;

/// <summary>
/// The environment of an Ollama installation as settings: values by Ollama's rules, which are kinder than ours, and what it names that has no effect here
/// (Ollama's <c>envconfig</c>). Where Ollama takes its default, so do we, with a warning.
/// </summary>
internal static class OllamaEnvironment
{
    private const string Prefix = "OLLAMA_";
    private const string FileSuffix = "_FILE";

    private const string GoTemplate = "OLLAMA_GO_TEMPLATE";

    /// <summary>"No limit" of a load's silence: as long as the setting goes.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>Of Ollama's client and its cloud: nothing that a server like this one does depends on them.</summary>
    private static readonly string[] s_silent =
    [
        "OLLAMA_NO_CLOUD", "OLLAMA_REMOTES", "OLLAMA_AUTH", "OLLAMA_API_KEY", "OLLAMA_EDITOR", "OLLAMA_NOHISTORY", "OLLAMA_EXPERIMENT", "OLLAMA_MAX_TRANSFER_STREAMS",
    ];

    private static readonly string[] s_former =
        ["OLLAMA_NUM_THREADS", "OLLAMA_TMPDIR", "OLLAMA_RUNNERS_DIR", "OLLAMA_NEW_ENGINE", "OLLAMA_MULTIUSER_CACHE", "OLLAMA_MAX_VRAM"];

    /// <summary>Names with the reason why they do nothing.</summary>
    private static readonly Dictionary<string, string> s_withoutEffect = new()
    {
        ["OLLAMA_GPU_OVERHEAD"] = "use Engine:GpuLayers (LLAVA_GPU_LAYERS) to leave memory of a graphics card free",
        ["OLLAMA_SCHED_SPREAD"] = "a model is spread over graphics cards when it does not fit on one",
        ["OLLAMA_LLM_LIBRARY"] = "use Engine:Kind (LLAVA_ENGINE) to choose an engine",
        ["OLLAMA_IGPU_ENABLE"] = "use Engine:GpuLayers (LLAVA_GPU_LAYERS)",
        ["OLLAMA_VULKAN"] = "which graphics cards are found is a matter of the build",
        ["OLLAMA_DEBUG_LOG_REQUESTS"] = "what is asked is never written to disk",
    };

    /// <summary>The settings that the environment makes, by their full keys; what is told about the rest is added to <paramref name="warnings"/>.</summary>
    public static Dictionary<string, string?> Read(IDictionary environment, List<string> warnings)
    {
        var values = new Dictionary<string, string?>();
        foreach (var setting in Settings.All)
        {
            if (setting.Ollama is not { } name || ValueOf(environment, name) is not { Length: > 0 } text)
            {
                continue;
            }

            if (Convert(setting, text) is { } value)
            {
                values[setting.FullKey] = value;
            }
            else
            {
                warnings.Add($"{name} cannot be '{text}': it must be {setting.Expectation}, and the default holds.");
            }
        }

        WarnOfTheRest(environment, warnings);
        return values;
    }

    /// <summary>The value without the spaces and quotes that shells and unit files leave around it.</summary>
    internal static string? ValueOf(IDictionary environment, string name) => (environment[name] as string)?.Trim().Trim('"', '\'').Trim();

    /// <summary>Go's booleans; anything else that is written counts as true.</summary>
    internal static bool IsTrue(string text) => text is not ("0" or "f" or "F" or "false" or "FALSE" or "False");

    // Null where Ollama takes its default.
    private static string? Convert(Setting setting, string text) => setting.Key switch
    {
        "Host" => Host(text),
        "Pool:LoadTimeout" => Duration(text) is { } time ? (time <= TimeSpan.Zero || time > s_longest ? s_longest : time).ToString("c") : null,
        "Engine:FlashAttention" => text == EngineOptions.AnyKind ? text : IsTrue(text) ? "on" : "off",
        "Engine:KVCacheType" => text.ToLowerInvariant(),
        "Engine:Slots" => Number(text) is { } slots and > 0 ? slots.ToString(CultureInfo.InvariantCulture) : null,
        _ => setting.Kind switch
        {
            SettingKind.Boolean => IsTrue(text).ToString(),
            SettingKind.Integer => Number(text)?.ToString(CultureInfo.InvariantCulture),
            SettingKind.Duration => Duration(text)?.ToString("c"),
            SettingKind.LogLevel => Level(text),
            _ => text,
        },
    };

    private static string? Level(string text) => text switch
    {
        "t" or "T" => SettingText.Level("1"),
        "f" or "F" => SettingText.Level("0"),
        _ => Number(text) > 2 ? SettingText.Level("2") : SettingText.Level(text),
    };

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TimeSpan? Duration(string text) => GoDuration.Parse(text, out _)
        ?? (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, (long)TimeSpan.MaxValue.TotalSeconds))
            : null);

    // A port that is none is Ollama's port.
    private static string? Host(string text)
    {
        if (ServerAddress.TryParse(text, out _))
        {
            return text;
        }

        var colon = text.LastIndexOf(':');
        return colon > 0 && ServerAddress.TryParse(text[..colon], out var address) ? (address with { Port = ServerAddress.DefaultPort }).ToString() : null;
    }

    private static void WarnOfTheRest(IDictionary environment, List<string> warnings)
    {
        var honoured = Settings.All.Select(static setting => setting.Ollama).OfType<string>().ToList();
        foreach (var name in environment.Keys.Cast<string>().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var bare = name.EndsWith(FileSuffix, StringComparison.Ordinal) ? name[..^FileSuffix.Length] : name;
            if (ValueOf(environment, name) is not { Length: > 0 } value || honoured.Contains(name) || honoured.Contains(bare) || s_silent.Contains(name))
            {
                continue;
            }

            if (name == GoTemplate)
            {
                if (!IsTrue(value))
                {
                    warnings.Add($"{name} has no effect: a model's own template is always used.");
                }
            }
            else if (s_withoutEffect.TryGetValue(name, out var reason))
            {
                warnings.Add($"{name} has no effect: {reason}.");
            }
            else
            {
                warnings.Add(s_former.Contains(name)
                    ? $"{name} is of former versions of Ollama and has no effect."
                    : $"{name} is no name that this version knows; the nearest is {honoured.MinBy(candidate => EditDistance.Between(bare, candidate))}.");
            }
        }
    }
}
