using System.Collections;

namespace LlavaServer.Configuration;

/// <summary>
/// Puts the configuration together. Later wins: defaults, <c>appsettings.json</c>, the file named by <c>LLAVA_CONFIG</c>, <c>OLLAMA_*</c>,
/// <c>Llava__*</c> and <c>LLAVA_*</c>, command line.
/// </summary>
internal static class ConfigurationSources
{
    private const string Prefix = "LLAVA_";
    private const string FileSuffix = "_FILE";

    /// <summary>Replaces the sources of <paramref name="configuration"/>. Throws <see cref="SettingsException"/> with everything that cannot be read.</summary>
    /// <returns>Warnings about names that have no effect.</returns>
    public static IReadOnlyList<string> Apply(
        ConfigurationManager configuration, string environmentName, IDictionary environment, IReadOnlyDictionary<string, string?> commandLine)
    {
        var problems = new List<string>();
        configuration.Sources.Clear();
        configuration.SetBasePath(AppContext.BaseDirectory);
        configuration.AddJsonFile("appsettings.json", optional: true).AddJsonFile($"appsettings.{environmentName}.json", optional: true);
        if (environment["LLAVA_CONFIG"] is string { Length: > 0 } file)
        {
            if (File.Exists(file))
            {
                configuration.AddJsonFile(Path.GetFullPath(file));
            }
            else
            {
                problems.Add($"LLAVA_CONFIG names {file}, which does not exist.");
            }
        }

        var warnings = Warnings(environment);
        configuration.AddInMemoryCollection(Files(environment, static setting => setting.Ollama, problems));
        configuration.AddInMemoryCollection(OllamaEnvironment.Read(environment, warnings));
        configuration.AddEnvironmentVariables();
        configuration.AddInMemoryCollection(Values(environment));
        configuration.AddInMemoryCollection(Files(environment, static setting => setting.Environment, problems));
        configuration.AddInMemoryCollection(commandLine);
        configuration.AddInMemoryCollection(Normalised(configuration, problems));
        problems.AddRange(Settings.Refused.Where(name => environment[name] is string { Length: > 0 })
            .Select(static name => $"{name} is set, but this version does not terminate TLS: unset it, or put a gateway in front."));
        return problems.Count == 0 ? warnings : throw new SettingsException(problems);
    }

    private static Dictionary<string, string?> Values(IDictionary environment) => Settings.All
        .Where(setting => setting.Environment is { } name && environment[name] is string { Length: > 0 })
        .ToDictionary(static setting => setting.FullKey, setting => environment[setting.Environment!] as string);

    // Of the names that have no value themselves.
    private static Dictionary<string, string?> Files(IDictionary environment, Func<Setting, string?> nameOf, List<string> problems)
    {
        var values = new Dictionary<string, string?>();
        foreach (var setting in Settings.All)
        {
            if (nameOf(setting) is { } name && environment[name] is not string { Length: > 0 }
                && environment[name + FileSuffix] is string { Length: > 0 } file && !IsSetting(name + FileSuffix))
            {
                try
                {
                    values[setting.FullKey] = File.ReadAllText(file).Trim();
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    problems.Add($"{name}{FileSuffix} names {file}, which cannot be read.");
                }
            }
        }

        return values;
    }

    /// <summary>A few settings are files themselves, because they are read again while the server runs.</summary>
    private static bool IsSetting(string name) => Settings.All.Any(setting => setting.Environment == name);

    private static Dictionary<string, string?> Normalised(ConfigurationManager configuration, List<string> problems)
    {
        var values = new Dictionary<string, string?>();
        foreach (var setting in Settings.All)
        {
            if (configuration[setting.FullKey] is not { } text)
            {
                continue;
            }

            if (setting.Normalise(text) is { } value)
            {
                values[setting.FullKey] = value;
            }
            else
            {
                problems.Add($"{setting.Key}{(setting.Environment is null ? "" : $" ({setting.Environment})")} must be {setting.Expectation}, not '{text}'.");
            }
        }

        return values;
    }

    private static List<string> Warnings(IDictionary environment)
    {
        var known = Settings.All.Select(static setting => setting.Environment).OfType<string>().Concat(Settings.WithoutEffect).ToList();
        var warnings = new List<string>();
        foreach (string name in environment.Keys)
        {
            var bare = name.EndsWith(FileSuffix, StringComparison.Ordinal) ? name[..^FileSuffix.Length] : name;
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && !name.StartsWith(Prefix + "_", StringComparison.Ordinal) && !known.Contains(name) && !known.Contains(bare))
            {
                warnings.Add($"{name} is not a setting of this version; the nearest name is {known.MinBy(candidate => EditDistance.Between(bare, candidate))}.");
            }
        }

        return warnings;
    }
}
