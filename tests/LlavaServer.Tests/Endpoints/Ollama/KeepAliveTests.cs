using LlavaServer.Endpoints;
using LlavaServer.Endpoints.Ollama;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class KeepAliveTests
{
    [Theory]
    [InlineData("5", 5)]
    [InlineData("2.5", 2.5)]
    [InlineData("0", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("\"5m\"", 300)]
    [InlineData("\"0s\"", 0)]
    [InlineData("\"0\"", 0)]
    [InlineData("\"300\"", 300)]
    public void Read_Finite_Seconds(string json, double seconds)
    {
        var keepAlive = KeepAlive.Read(OllamaWire.Fields($$"""{"keep_alive":{{json}}}"""));
        Assert.Equal(seconds, keepAlive.Duration!.Value.TotalSeconds);
        Assert.Equal(seconds == 0, keepAlive.IsUnload);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("-0.5")]
    [InlineData("1e308")]
    [InlineData("\"-1\"")]
    [InlineData("\"-1m\"")]
    public void Read_NegativeOrHuge_Forever(string json) =>
        Assert.Equal(TimeSpan.MaxValue, KeepAlive.Read(OllamaWire.Fields($$"""{"keep_alive":{{json}}}""")).Duration);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"keep_alive":null}""")]
    public void Read_NotGiven_Null(string json)
    {
        var keepAlive = KeepAlive.Read(OllamaWire.Fields(json));
        Assert.Null(keepAlive.Duration);
        Assert.False(keepAlive.IsUnload);
    }

    [Theory]
    [InlineData("true", "Unsupported type: 'bool'")]
    [InlineData("[]", "Unsupported type: 'array'")]
    [InlineData("{}", "Unsupported type: 'object'")]
    [InlineData("\"soon\"", "time: invalid duration \"soon\"")]
    [InlineData("\"5x\"", "time: unknown unit \"x\" in duration \"5x\"")]
    public void Read_Other_Refused(string json, string message)
    {
        var failure = Assert.Throws<RequestException>(() => KeepAlive.Read(OllamaWire.Fields($$"""{"keep_alive":{{json}}}""")));
        Assert.Equal((400, message), (failure.Status, failure.Message));
    }
}
