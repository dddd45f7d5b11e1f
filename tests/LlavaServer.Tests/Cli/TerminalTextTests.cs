using LlavaServer.Cli.Client;

namespace LlavaServer.Tests.Cli;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(8_377_376, "8.4 MB")]
    [InlineData(4_109_865_159, "4.1 GB")]
    public void Bytes_DecimalUnits(long bytes, string expected) => Assert.Equal(expected, TerminalText.Bytes(bytes));

    [Theory]
    [InlineData(-1, "1 second ago")]
    [InlineData(-180, "3 minutes ago")]
    [InlineData(299, "4 minutes from now")]
    [InlineData(-7200, "2 hours ago")]
    [InlineData(-86400 * 3, "3 days ago")]
    [InlineData(-86400 * 800, "2 years ago")]
    public void Age_InWords(int seconds, string expected)
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(50);
        Assert.Equal(expected, TerminalText.Age(now.AddSeconds(seconds), now));
    }

    [Fact]
    public void O16_ControlCharacters_AreMadeHarmless() => Assert.Equal("a\ufffd[31mb\n\tc\ufffd", TerminalText.Harmless("a\e[31mb\n\tc\u009b"));
}
