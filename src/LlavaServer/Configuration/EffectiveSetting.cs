using System.Collections;
using Microsoft.Extensions.Configuration.Json;

namespace LlavaServer.Configuration;

/// <summary>A setting as the server would take it, and what set it. Immutable.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; of a secret only that there is one.</param>
/// <param name="Source">The environment variable or the file; null for the default.</param>
internal sealed record EffectiveSetting(string Key, string Value, string? Source)
{
    private const string Masked = "***";
    private const string FileSuffix = "_FILE";

    /// <summary>All settings of a configuration that <see cref="ConfigurationSources"/> put together.</summary>
    public static IReadOnlyList<EffectiveSetting> All(IConfigurationRoot configuration, IDictionary environment) => [.. Settings.All.Select(setting =>
    {
        var value = configuration[setting.FullKey];
        return new EffectiveSetting(
            setting.Key,
            value is null ? SettingDefaults.TextOf(setting) : setting.IsSecret && value.Length > 0 ? Masked : value,
            value is null ? null : SourceOf(setting, configuration, environment));
    })];

    // From what wins to what is overridden.
    private static string SourceOf(Setting setting, IConfigurationRoot configuration, IDictionary environment)
    {
        var generic = setting.FullKey.Replace(":", "__", StringComparison.Ordinal);
        string?[] names = [setting.Environment, setting.Environment + FileSuffix, generic, setting.Ollama, setting.Ollama + FileSuffix];
        foreach (var name in names)
        {
            if (name is not (null or FileSuffix) && Spelling(environment, name) is { } spelling)
            {
                return spelling;
            }
        }

        return configuration.Providers.Reverse().OfType<JsonConfigurationProvider>()
            .FirstOrDefault(provider => provider.TryGet(setting.FullKey, out _))?.Source.Path ?? "command line";
    }

    private static string? Spelling(IDictionary environment, string name) => environment.Keys.Cast<string>()
        .FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase) && environment[key] is string { Length: > 0 });
}
