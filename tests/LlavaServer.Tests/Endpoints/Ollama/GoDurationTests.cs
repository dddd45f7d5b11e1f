using LlavaServer.Endpoints.Ollama;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("300ms", 0.3)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("2h45m", 9900)]
    [InlineData("-1s", -1)]
    [InlineData("+2s", 2)]
    [InlineData(".5s", 0.5)]
    [InlineData("100us", 0.0001)]
    [InlineData("100µs", 0.0001)]
    [InlineData("1000000ns", 0.001)]
    public void Parse_Duration_Seconds(string text, double seconds)
    {
        Assert.Equal(seconds, GoDuration.Parse(text, out var error)!.Value.TotalSeconds, 1e-9);
        Assert.Equal("", error);
    }

    [Theory]
    [InlineData("300", "time: missing unit in duration \"300\"")]
    [InlineData("1h30", "time: missing unit in duration \"1h30\"")]
    [InlineData("", "time: invalid duration \"\"")]
    [InlineData("abc", "time: invalid duration \"abc\"")]
    [InlineData("1.2.3s", "time: invalid duration \"1.2.3s\"")]
    [InlineData("-", "time: invalid duration \"-\"")]
    [InlineData("5x", "time: unknown unit \"x\" in duration \"5x\"")]
    public void Parse_NotADuration_GoesText(string text, string expected)
    {
        Assert.Null(GoDuration.Parse(text, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Parse_BeyondAllTime_Longest() => Assert.Equal(TimeSpan.MaxValue, GoDuration.Parse("99999999999999999999h", out _));
}
