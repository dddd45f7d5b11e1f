using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

public sealed class StopMatcherTests
{
    [Theory]
    [InlineData("hello", "hello", false)]
    [InlineData("hello###bye", "hello", true)]
    [InlineData("a##b#", "a##b#", false)]
    [InlineData("a####", "a", true)]
    [InlineData("ababac!", "ab", true)]
    [InlineData("###", "", true)]
    public void Append_AnySplit_SameResult(string text, string expected, bool stops)
    {
        string[] stopTexts = ["###", "abac", ""];
        for (var split = 1; split <= text.Length; split++)
        {
            var (released, stopped) = Run(new StopMatcher(stopTexts), text, split);
            Assert.Equal(expected, released);
            Assert.Equal(stops, stopped);
        }
    }

    [Fact]
    public void Append_RandomTexts_EqualsPlainSearch()
    {
        var random = new MersenneTwister(11);
        int Next(int n) => (int)(random.NextUInt32() % (uint)n);
        string Text(int n) => new([.. Enumerable.Range(0, n).Select(_ => (char)('a' + Next(2)))]);
        for (var round = 0; round < 3000; round++)
        {
            var text = Text(Next(30));
            var stops = Enumerable.Range(0, 1 + Next(3)).Select(_ => Text(2 + Next(6))).ToArray();

            // The stop text that is complete first; of those that end together the one that begins first.
            var ends = Enumerable.Range(0, text.Length + 1).FirstOrDefault(e => stops.Any(s => text[..e].EndsWith(s, StringComparison.Ordinal)), -1);
            var expected = ends < 0 ? text : text[..(ends - stops.Where(s => text[..ends].EndsWith(s, StringComparison.Ordinal)).Max(s => s.Length))];

            var (released, stopped) = Run(new StopMatcher(stops), text, 1 + Next(4));
            Assert.Equal(expected, released);
            Assert.Equal(ends >= 0, stopped);
        }
    }

    [Fact]
    public void Append_NoStopInSight_HoldsNothingBack()
    {
        var matcher = new StopMatcher(["USER:"]);
        Assert.False(matcher.Append("Hello U", out var released));
        Assert.Equal("Hello ", released.ToString());
        Assert.False(matcher.Append("nited", out released));
        Assert.Equal("United", released.ToString());
        Assert.Equal("", matcher.Flush().ToString());
    }

    [Fact]
    public void Append_SurrogatePairs_AreNeverSplit()
    {
        // The stop text begins in the middle of a character, as a hostile request may have it.
        var matcher = new StopMatcher(["\uDE00x"]);
        Assert.False(matcher.Append("a😀", out var released));
        Assert.Equal("a", released.ToString());
        Assert.False(matcher.Append("b", out released));
        Assert.Equal("😀b", released.ToString());
    }

    [Fact]
    public void Append_LongRunAgainstLongStop_StaysLinear()
    {
        var matcher = new StopMatcher([new string('a', 1023) + "b"]);
        var total = 0;
        for (var i = 0; i < 200_000; i++)
        {
            matcher.Append("a", out var released);
            total += released.Length;
        }

        Assert.Equal(200_000 - 1023, total);
    }

    private static (string Released, bool Stopped) Run(StopMatcher matcher, string text, int split)
    {
        var result = "";
        for (var i = 0; i < text.Length; i += split)
        {
            var stopped = matcher.Append(text.AsSpan(i, Math.Min(split, text.Length - i)), out var released);
            result += released.ToString();
            if (stopped)
            {
                return (result, true);
            }
        }

        return (result + matcher.Flush().ToString(), false);
    }
}
