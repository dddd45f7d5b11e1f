using System.Collections;
using LlavaServer.Configuration;
using Microsoft.Extensions.Configuration;

namespace LlavaServer.Tests.Configuration;

/// <summary>Every name of Ollama's environment, and its rules of reading.</summary>
public sealed class OllamaEnvironmentTests
{
    [Theory]
    [InlineData("OLLAMA_HOST", " \"0.0.0.0:8080\" ", "Host", "0.0.0.0:8080")]
    [InlineData("OLLAMA_HOST", "0.0.0.0:99999", "Host", "http://0.0.0.0:11434")]
    [InlineData("OLLAMA_HOST", "127.0.0.1:none", "Host", "http://127.0.0.1:11434")]
    [InlineData("OLLAMA_HOST", "[::1]:-1", "Host", "http://[::1]:11434")]
    [InlineData("OLLAMA_MODELS", "'/models of mine'", "Models:Path", "/models of mine")]
    [InlineData("OLLAMA_NOPRUNE", "1", "Models:NoPrune", "True")]
    [InlineData("OLLAMA_NOPRUNE", "t", "Models:NoPrune", "True")]
    [InlineData("OLLAMA_NOPRUNE", "yes please", "Models:NoPrune", "True")]
    [InlineData("OLLAMA_NOPRUNE", "F", "Models:NoPrune", "False")]
    [InlineData("OLLAMA_NOPRUNE", "\"false\"", "Models:NoPrune", "False")]
    [InlineData("OLLAMA_KEEP_ALIVE", "5m", "Pool:KeepAlive", "00:05:00")]
    [InlineData("OLLAMA_KEEP_ALIVE", "300", "Pool:KeepAlive", "00:05:00")]
    [InlineData("OLLAMA_KEEP_ALIVE", "100us", "Pool:KeepAlive", "00:00:00.0001000")]
    [InlineData("OLLAMA_KEEP_ALIVE", "-1", "Pool:KeepAlive", "-00:00:01")]
    [InlineData("OLLAMA_KEEP_ALIVE", "-5m", "Pool:KeepAlive", "-00:05:00")]
    [InlineData("OLLAMA_KEEP_ALIVE", "0", "Pool:KeepAlive", "00:00:00")]
    [InlineData("OLLAMA_LOAD_TIMEOUT", "10m", "Pool:LoadTimeout", "00:10:00")]
    [InlineData("OLLAMA_LOAD_TIMEOUT", "0", "Pool:LoadTimeout", "1.00:00:00")]
    [InlineData("OLLAMA_LOAD_TIMEOUT", "-1", "Pool:LoadTimeout", "1.00:00:00")]
    [InlineData("OLLAMA_LOAD_TIMEOUT", "9999h", "Pool:LoadTimeout", "1.00:00:00")]
    [InlineData("OLLAMA_MAX_LOADED_MODELS", "2", "Pool:MaxLoaded", "2")]
    [InlineData("OLLAMA_NUM_PARALLEL", "2", "Engine:Slots", "2")]
    [InlineData("OLLAMA_MAX_QUEUE", "'512'", "Queue:MaxQueue", "512")]
    [InlineData("OLLAMA_CONTEXT_LENGTH", "8192", "Engine:ContextLength", "8192")]
    [InlineData("OLLAMA_ORIGINS", "https://a.example, app://b", "Security:Origins", "https://a.example, app://b")]
    [InlineData("OLLAMA_FLASH_ATTENTION", "1", "Engine:FlashAttention", "on")]
    [InlineData("OLLAMA_FLASH_ATTENTION", "false", "Engine:FlashAttention", "off")]
    [InlineData("OLLAMA_KV_CACHE_TYPE", "Q8_0", "Engine:KVCacheType", "q8_0")]
    [InlineData("OLLAMA_DEBUG", "1", "Logging:Level", "Debug")]
    [InlineData("OLLAMA_DEBUG", "T", "Logging:Level", "Debug")]
    [InlineData("OLLAMA_DEBUG", "2", "Logging:Level", "Trace")]
    [InlineData("OLLAMA_DEBUG", "3", "Logging:Level", "Trace")]
    [InlineData("OLLAMA_DEBUG", "0", "Logging:Level", "Information")]
    public void Apply_Value_ReadByOllamasRules(string name, string value, string key, string expected)
    {
        var (configuration, warnings) = Apply(new() { [name] = value });
        Assert.Equal(expected, configuration["Llava:" + key]);
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("OLLAMA_MAX_QUEUE", "many", "Queue:MaxQueue")]
    [InlineData("OLLAMA_MAX_QUEUE", "-1", "Queue:MaxQueue")]
    [InlineData("OLLAMA_MAX_LOADED_MODELS", "1.5", "Pool:MaxLoaded")]
    [InlineData("OLLAMA_NUM_PARALLEL", "0", "Engine:Slots")]
    [InlineData("OLLAMA_CONTEXT_LENGTH", "4k", "Engine:ContextLength")]
    [InlineData("OLLAMA_CONTEXT_LENGTH", "99999999999", "Engine:ContextLength")]
    [InlineData("OLLAMA_KEEP_ALIVE", "5 minutes", "Pool:KeepAlive")]
    [InlineData("OLLAMA_LOAD_TIMEOUT", "soon", "Pool:LoadTimeout")]
    [InlineData("OLLAMA_DEBUG", "loud", "Logging:Level")]
    [InlineData("OLLAMA_HOST", "not a host", "Host")]
    public void Apply_ValueThatIsNone_DefaultAndAWarning(string name, string value, string key)
    {
        var (configuration, warnings) = Apply(new() { [name] = value });
        Assert.Equal(Apply([]).Configuration["Llava:" + key], configuration["Llava:" + key]);
        Assert.StartsWith($"{name} cannot be '{value}'", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OLLAMA_GPU_OVERHEAD", "1000000", "no effect")]
    [InlineData("OLLAMA_SCHED_SPREAD", "1", "no effect")]
    [InlineData("OLLAMA_LLM_LIBRARY", "cpu", "LLAVA_ENGINE")]
    [InlineData("OLLAMA_IGPU_ENABLE", "1", "no effect")]
    [InlineData("OLLAMA_VULKAN", "1", "no effect")]
    [InlineData("OLLAMA_DEBUG_LOG_REQUESTS", "1", "never written to disk")]
    [InlineData("OLLAMA_GO_TEMPLATE", "0", "no effect")]
    [InlineData("OLLAMA_GO_TEMPLATE", "1", null)]
    [InlineData("OLLAMA_MAX_TRANSFER_STREAMS", "8", null)]
    [InlineData("OLLAMA_NO_CLOUD", "1", null)]
    [InlineData("OLLAMA_REMOTES", "ollama.com", null)]
    [InlineData("OLLAMA_AUTH", "1", null)]
    [InlineData("OLLAMA_API_KEY", "secret", null)]
    [InlineData("OLLAMA_EDITOR", "vi", null)]
    [InlineData("OLLAMA_NOHISTORY", "1", null)]
    [InlineData("OLLAMA_EXPERIMENT", "x", null)]
    [InlineData("OLLAMA_NUM_THREADS", "4", "former versions")]
    [InlineData("OLLAMA_TMPDIR", "/tmp", "former versions")]
    [InlineData("OLLAMA_RUNNERS_DIR", "/r", "former versions")]
    [InlineData("OLLAMA_NEW_ENGINE", "1", "former versions")]
    [InlineData("OLLAMA_MULTIUSER_CACHE", "1", "former versions")]
    [InlineData("OLLAMA_MAX_VRAM", "1", "former versions")]
    [InlineData("OLLAMA_KEEPALIVE", "1", "the nearest is OLLAMA_KEEP_ALIVE")]
    [InlineData("OLLAMA_VULKAN", " '' ", null)]
    public void Apply_NameWithoutEffect_WarnedAboutOnceOrPassedOver(string name, string value, string? warning)
    {
        var (configuration, warnings) = Apply(new() { [name] = value });
        Assert.Equal(Apply([]).Configuration.AsEnumerable().OrderBy(static pair => pair.Key), configuration.AsEnumerable().OrderBy(static pair => pair.Key));
        if (warning is null)
        {
            Assert.Empty(warnings);
        }
        else
        {
            var text = Assert.Single(warnings);
            Assert.StartsWith(name, text, StringComparison.Ordinal);
            Assert.Contains(warning, text, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void O20_OwnName_WinsOverOllamas()
    {
        foreach (var setting in Settings.All.Where(static setting => setting is { Ollama: not null, Environment: not null, Kind: SettingKind.Text }))
        {
            var (configuration, _) = Apply(new() { [setting.Ollama!] = "127.0.0.1:1", [setting.Environment!] = "127.0.0.1:2" });
            Assert.Equal("127.0.0.1:2", configuration[setting.FullKey]);
        }

        var generic = Apply(new() { ["OLLAMA_MAX_QUEUE"] = "nonsense", ["LLAVA_MAX_QUEUE"] = "3" });
        Assert.Equal("3", generic.Configuration["Llava:Queue:MaxQueue"]);
    }

    private static (ConfigurationManager Configuration, IReadOnlyList<string> Warnings) Apply(Dictionary<string, string> environment)
    {
        var configuration = new ConfigurationManager();
        return (configuration, ConfigurationSources.Apply(configuration, "Test", new Hashtable(environment), new Dictionary<string, string?>()));
    }
}
