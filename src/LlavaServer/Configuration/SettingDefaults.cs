using System.Globalization;
using LlavaServer.Inference;

namespace LlavaServer.Configuration;

/// <summary>What settings are when nobody sets them, read off the options themselves.</summary>
internal static class SettingDefaults
{
    /// <summary>Every value that can be set, by its key.</summary>
    public static IReadOnlyDictionary<string, object?> All { get; } = Leaves(new ServerOptions(), "").Concat(Leaves(new InferenceOptions(), ""))
        .GroupBy(static leaf => leaf.Key, StringComparer.Ordinal).ToDictionary(static leaves => leaves.Key, static leaves => leaves.First().Default, StringComparer.Ordinal);

    /// <summary>As people write it; empty for none.</summary>
    public static string TextOf(Setting setting) => Convert.ToString(All[setting.Key], CultureInfo.InvariantCulture) ?? "";

    private static IEnumerable<(string Key, object? Default)> Leaves(object options, string prefix) =>
        options.GetType().GetProperties().Where(static property => property.CanWrite).SelectMany(property =>
            property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal)
                ? Leaves(property.GetValue(options)!, prefix + property.Name + ":")
                : [(prefix + property.Name, property.GetValue(options))]);
}
