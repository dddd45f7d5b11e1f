using LlavaServer.Configuration;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Configuration;

/// <summary>The page of settings says what the code does.</summary>
public sealed class SettingsPageTests
{
    private static readonly string[][] s_rows = [.. File.ReadLines(Path.Combine(Repository.Top!, "docs", "settings.md"))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(static line => line.Trim('|').Split('|').Select(static cell => cell.Trim().Trim('`')).ToArray())];

    [Fact]
    public void O23_Page_HasEverySettingWithItsNames()
    {
        var missing = Settings.All.Where(static setting => !s_rows.Any(row =>
                row[0] == setting.Key && row[1] == (setting.Environment ?? "") && row[2] == (setting.Ollama ?? "") && row[4].Length > 0))
            .Select(static setting => $"| `{setting.Key}` | `{setting.Environment}` | `{setting.Ollama}` | default | meaning |");
        Assert.True(!missing.Any(), $"docs/settings.md lacks rows such as\n{string.Join('\n', missing)}");
        Assert.Empty(s_rows.Select(static row => row[0]).Except(Settings.All.Select(static setting => setting.Key)));
        Assert.Equal(Settings.All.Count, s_rows.Length);
    }

    [Fact]
    public void O23_Page_HasTheDefaults()
    {
        foreach (var setting in Settings.All)
        {
            var page = s_rows.Single(row => row[0] == setting.Key)[3];
            var actual = SettingDefaults.All[setting.Key];
            var isSame = actual switch
            {
                null or "" => page == "none",
                TimeSpan time => SettingText.Duration(page) == time,
                int or long => (setting.Kind == SettingKind.Bytes ? SettingText.Bytes(page) : long.Parse(page)) == Convert.ToInt64(actual),
                _ => string.Equals(page, actual.ToString(), StringComparison.OrdinalIgnoreCase),
            };
            Assert.True(isSame, $"docs/settings.md says that the default of {setting.Key} is {page}; it is {actual}.");
        }
    }

    [Fact]
    public void O20_EveryOption_IsASetting()
    {
        var keys = SettingDefaults.All.Keys;
        Assert.Empty(keys.Except(Settings.All.Select(static setting => setting.Key)));
        Assert.Empty(Settings.All.Select(static setting => setting.Key).Except(keys));
    }
}
