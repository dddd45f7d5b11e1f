using System.Reflection;
using System.Text.Json;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>Whatever is added to the seam's records travels to the engine process and back without being listed anywhere.</summary>
public sealed class HostingJsonTests
{
    [Fact]
    public void Load_EveryOption_Arrives()
    {
        var options = new EngineLoadOptions();
        Fill(options);
        var sent = new LoadMessage(new ModelFiles("model", "mmproj") { AdapterPaths = ["one", "two"] }, options);
        var arrived = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(sent, HostingJson.Default.LoadMessage), HostingJson.Default.LoadMessage)!;
        Assert.Equal(["one", "two"], arrived.Files.AdapterPaths);
        Assert.Equal(sent, arrived with { Files = arrived.Files with { AdapterPaths = sent.Files.AdapterPaths } });
    }

    [Fact]
    public void Loaded_EveryFigure_Arrives()
    {
        using var quiet = new QuietEngine();
        var info = quiet.Info with { Vision = quiet.Info.Vision! with { } };
        Fill(info);
        Fill(info.Vision);
        var arrived = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(info, HostingJson.Default.EngineInfo), HostingJson.Default.EngineInfo);
        Assert.Equal(info, arrived);
    }

    // A value of its own for each property; turns belong to one process.
    private static void Fill(object record)
    {
        var number = 100;
        foreach (var property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            number++;
            var type = property.PropertyType;
            object? value = type == typeof(int) ? number
                : type == typeof(long) ? (long)number << 32
                : type == typeof(string) ? $"text {number}"
                : type == typeof(bool) || type == typeof(bool?) ? true
                : type == typeof(VisionProfile) ? VisionProfile.LlamaCppD
                : type == typeof(VisionInfo) || type == typeof(ComputeTurns) ? property.GetValue(record)
                : throw new InvalidOperationException($"{property.Name} is of a type that this test does not know.");
            property.SetValue(record, value);
        }
    }
}
