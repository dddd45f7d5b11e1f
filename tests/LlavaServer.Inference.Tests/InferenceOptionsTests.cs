using LlavaServer.Inference.Engines;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Tests;

public sealed class InferenceOptionsTests
{
    [Fact]
    public void Bind_Settings_ReachTheirOptions()
    {
        var options = Read(new()
        {
            ["Llava:Queue:MaxQueue"] = "7",
            ["Llava:Queue:MaxWait"] = "00:01:00",
            ["Llava:Engine:Slots"] = "2",
            ["Llava:Engine:VisionProfile"] = "llamacpp-d",
            ["Llava:Limits:ImagePixels"] = "1000",
            ["Llava:Limits:MaxRequestBodyBytes"] = "1",
            ["Llava:Images:DecodeTime"] = "00:00:02",
            ["Llava:Cache:ImageBytes"] = "0",
        });
        Assert.Equal((7, 60, 2, 1000, 2, 0), (
            options.Queue.MaxQueue, options.Queue.MaxWait.TotalSeconds, options.Engine.Slots, options.Limits.ImagePixels, options.Images.DecodeTime.TotalSeconds,
            options.Cache.ImageBytes));
    }

    [Fact]
    public void Bind_Nothing_HasTheDocumentedDefaults()
    {
        var options = Read([]);
        Assert.Equal((64, 10), (options.Queue.MaxQueue, options.Queue.MaxWait.TotalMinutes));
        Assert.Equal((16, 20 << 20, 50_000_000, 16384), (options.Limits.Images, options.Limits.ImageBytes, options.Limits.ImagePixels, options.Limits.ImageSide));
        Assert.Equal((2, 512 << 20, 10), (options.Images.DecodeSlots, options.Images.DecodeBytes, options.Images.DecodeTime.TotalSeconds));
        Assert.Equal((4, 0, 0, "ref"), (options.Engine.Slots, options.Engine.ContextLength, options.Engine.Threads, options.Engine.VisionProfile));
    }

    [Theory]
    [InlineData("Llava:Queue:MaxQueue", "-1")]
    [InlineData("Llava:Queue:MaxWait", "00:00:00")]
    [InlineData("Llava:Queue:ImageBytes", "0")]
    [InlineData("Llava:Engine:Slots", "0")]
    [InlineData("Llava:Engine:Threads", "-1")]
    [InlineData("Llava:Engine:ContextLength", "-5")]
    [InlineData("Llava:Engine:StepRows", "3")]
    [InlineData("Llava:Engine:VisionProfile", "best")]
    [InlineData("Llava:Limits:Images", "0")]
    [InlineData("Llava:Limits:ImageBytes", "0")]
    [InlineData("Llava:Limits:ImagePixels", "-1")]
    [InlineData("Llava:Limits:ImageSide", "0")]
    [InlineData("Llava:Limits:RequestTime", "-00:01:00")]
    [InlineData("Llava:Images:DecodeSlots", "0")]
    [InlineData("Llava:Images:DecodeBytes", "1")]
    [InlineData("Llava:Images:DecodeTime", "00:00:00")]
    [InlineData("Llava:Cache:ImageBytes", "-1")]
    [InlineData("Llava:Models:ChatTemplate", "nonsense")]
    public void LIM3_SenselessValues_StopTheStart(string key, string value)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(new() { [key] = value }));
        Assert.Contains(key.Split(':')[^1], failure.Message);
    }

    [Theory]
    [InlineData("eye")]
    [InlineData("eye=out")]
    [InlineData("=child")]
    [InlineData("eye=child,bird")]
    public void EngineProcesses_NotOfItsForm_IsReported(string value)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(new() { ["Llava:Engine:Processes"] = value }));
        Assert.Contains("Engine:Processes", failure.Message);
    }

    [Fact]
    public void O21_AllProblemsAreReported()
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(new()
        {
            ["Llava:Engine:Slots"] = "0",
            ["Llava:Limits:Images"] = "0",
            ["Llava:Engine:VisionProfile"] = "x",
        }));
        Assert.Equal(3, failure.Failures.Count());
    }

    [Theory]
    [InlineData("ref", VisionProfile.Reference)]
    [InlineData("llamacpp-l28", VisionProfile.LlamaCppL28)]
    [InlineData("llamacpp-h", VisionProfile.LlamaCppH)]
    [InlineData("llamacpp-d", VisionProfile.LlamaCppD)]
    public void VisionProfileName_RoundTrips(string name, VisionProfile profile)
    {
        Assert.True(VisionProfileName.TryParse(name, out var parsed));
        Assert.Equal(profile, parsed);
        Assert.Equal(name, VisionProfileName.Of(profile));
    }

    private static InferenceOptions Read(Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddInference();
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<InferenceOptions>>().Value;
    }
}
