using System.Collections;
using LlavaServer.Configuration;
using Microsoft.Extensions.Configuration;

namespace LlavaServer.Tests.Configuration;

public sealed class ConfigurationSourcesTests
{
    [Fact]
    public void Apply_Sources_LaterWins()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{"Llava":{"Queue":{"MaxQueue":1,"MaxWait":"1s"},"Engine":{"Slots":1,"Threads":1}}}""");
        var configuration = Apply(
            new() { ["LLAVA_CONFIG"] = file, ["OLLAMA_MAX_QUEUE"] = "2", ["OLLAMA_NUM_PARALLEL"] = "2", ["LLAVA_NUM_PARALLEL"] = "3", ["LLAVA_THREADS"] = "3" },
            new() { ["Llava:Engine:Threads"] = "4" });
        File.Delete(file);

        Assert.Equal("2", configuration["Llava:Queue:MaxQueue"]);
        Assert.Equal("00:00:01", configuration["Llava:Queue:MaxWait"]);
        Assert.Equal("3", configuration["Llava:Engine:Slots"]);
        Assert.Equal("4", configuration["Llava:Engine:Threads"]);
    }

    [Fact]
    public void Apply_EveryEnvironmentName_ReachesItsKey()
    {
        foreach (var setting in Settings.All)
        {
            var value = setting.Kind switch
            {
                SettingKind.Boolean => "1",
                SettingKind.Bytes => "3MiB",
                SettingKind.Duration => "90s",
                SettingKind.Integer => "7",
                SettingKind.LogLevel => "debug",
                SettingKind.LogFormat => "json",
                _ => "text",
            };
            foreach (var name in new[] { setting.Environment, setting.Ollama }.OfType<string>())
            {
                var expected = name switch
                {
                    "OLLAMA_FLASH_ATTENTION" => "on",
                    "OLLAMA_HOST" => "text",
                    _ => setting.Normalise(value),
                };
                Assert.Equal(expected, Apply(new() { [name] = value }, [])[setting.FullKey]);
            }
        }

        Assert.Equal(Settings.All.Count, Settings.All.Select(static setting => setting.Key).Distinct().Count());
    }

    [Fact]
    public void LIM3_Apply_WrongValues_AllAreListed()
    {
        var failure = Assert.Throws<SettingsException>(() => Apply(
            new() { ["LLAVA_MAX_QUEUE"] = "many", ["LLAVA_MAX_QUEUE_WAIT"] = "soon", ["LLAVA_MAX_IMAGE_BYTES"] = "big", ["LLAVA_API_DOCS"] = "maybe", ["LLAVA_TLS_CERT"] = "cert.pem" },
            []));
        Assert.Equal(5, failure.Problems.Count);
        Assert.All(
            (string[])["LLAVA_MAX_QUEUE", "LLAVA_MAX_QUEUE_WAIT", "LLAVA_MAX_IMAGE_BYTES", "LLAVA_API_DOCS", "LLAVA_TLS_CERT"],
            name => Assert.Contains(failure.Problems, problem => problem.Contains(name, StringComparison.Ordinal)));
    }

    [Fact]
    public void LIM3_Build_NegativeValueOfAnyNumber_StopsTheStartByName()
    {
        // Ollama's meaning of a negative time: a model stays in memory for ever.
        var numbers = Settings.All.Where(static setting =>
            setting.Kind is SettingKind.Integer or SettingKind.Bytes or SettingKind.Duration && setting.Key != "Pool:KeepAlive").ToList();
        Assert.True(numbers.Count > 30);
        Assert.Empty(numbers.Where(static setting => !IsRefused(setting)).Select(static setting => setting.Key));
    }

    [Fact]
    public void LIM3_Build_ValuesOutOfRange_AllAreListed()
    {
        var failure = Assert.Throws<SettingsException>(() => Program.Build(new Dictionary<string, string?>
        {
            ["Llava:Limits:Connections"] = "0",
            ["Llava:Limits:JsonDepth"] = "-1",
            ["Llava:Limits:MaxRequestBodyBytes"] = "0",
            ["Llava:Limits:BodyGrace"] = "0s",
            ["Llava:Limits:ImagePixels"] = "0",
            ["Llava:Queue:MaxWait"] = "0s",
            ["Llava:Engine:Slots"] = "0",
            ["Llava:Engine:VisionProfile"] = "best",
            ["Llava:Host"] = "https://127.0.0.1",
            ["Llava:Model:Path"] = "/no/such.gguf",
            ["Llava:Security:ApiKeys"] = "secret-without-a-name",
            ["Llava:Security:ApiKeysFile"] = "/no/such-keys",
        }));
        foreach (var name in (string[])["Connections", "JsonDepth", "MaxRequestBodyBytes", "BodyGrace", "ImagePixels", "MaxWait", "Slots", "VisionProfile", "Host", "such.gguf", "ApiKeys: entry 1", "ApiKeysFile"])
        {
            Assert.Contains(failure.Problems, problem => problem.Contains(name, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(failure.Problems, static problem => problem.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_UnknownName_WarnsWithTheNearest()
    {
        var configuration = new ConfigurationManager();
        var warnings = ConfigurationSources.Apply(configuration, "Test", new Hashtable { ["LLAVA_MAX_QUEU"] = "1", ["LLAVA__X"] = "1", ["LLAVA_MODELS"] = "/m" }, new Dictionary<string, string?>());
        Assert.Contains("LLAVA_MAX_QUEUE.", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_ValueFromFile_IsRead()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "llava.example.org\n");
        Assert.Equal("llava.example.org", Apply(new() { ["LLAVA_ALLOWED_HOSTS_FILE"] = file }, [])["Llava:Security:AllowedHosts"]);
        File.Delete(file);
    }

    [Theory]
    [InlineData("", "http://127.0.0.1:11434")]
    [InlineData("0.0.0.0", "http://0.0.0.0:11434")]
    [InlineData("0.0.0.0:8080", "http://0.0.0.0:8080")]
    [InlineData(":8080", "http://:8080")]
    [InlineData("localhost", "http://localhost:11434")]
    [InlineData("http://example.org", "http://example.org:80")]
    [InlineData("https://example.org", "https://example.org:443")]
    [InlineData("http://example.org:9000/", "http://example.org:9000")]
    [InlineData("[::1]", "http://[::1]:11434")]
    [InlineData("[::1]:99", "http://[::1]:99")]
    [InlineData("::1", "http://[::1]:11434")]
    [InlineData(" \"127.0.0.1:1\" ", "http://127.0.0.1:1")]
    public void ServerAddress_OllamaSpellings_AreRead(string text, string expected)
    {
        Assert.True(ServerAddress.TryParse(text, out var address));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1:99999")]
    [InlineData("127.0.0.1:x")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("a b")]
    public void ServerAddress_Nonsense_IsRefused(string text) => Assert.False(ServerAddress.TryParse(text, out _));

    [Theory]
    [InlineData("90", 90)]
    [InlineData("1.5s", 1.5)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("250ms", 0.25)]
    [InlineData("00:01:00", 60)]
    public void Duration_Spellings_AreRead(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), SettingText.Duration(text));

    [Theory]
    [InlineData("")]
    [InlineData("5 minutes")]
    [InlineData("m")]
    [InlineData("5m3")]
    public void Duration_Nonsense_IsNull(string text) => Assert.Null(SettingText.Duration(text));

    [Theory]
    [InlineData("1048576", 1048576)]
    [InlineData("20MiB", 20 << 20)]
    [InlineData("20 MB", 20_000_000)]
    [InlineData("1.5k", 1536)]
    public void Bytes_Spellings_AreRead(string text, long bytes) => Assert.Equal(bytes, SettingText.Bytes(text));

    private static bool IsRefused(Setting setting)
    {
        try
        {
            using var built = (IDisposable)Program.Build(new Dictionary<string, string?> { [setting.FullKey] = "-1" });
            return false;
        }
        catch (SettingsException failure)
        {
            return failure.Problems.Any(problem => problem.Contains(setting.Key.Split(':')[^1], StringComparison.Ordinal));
        }
    }

    private static ConfigurationManager Apply(Dictionary<string, string> environment, Dictionary<string, string?> commandLine)
    {
        var configuration = new ConfigurationManager();
        ConfigurationSources.Apply(configuration, "Test", new Hashtable(environment), commandLine);
        return configuration;
    }
}
