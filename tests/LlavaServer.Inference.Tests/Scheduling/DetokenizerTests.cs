using System.Text;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

public sealed class DetokenizerTests
{
    private static readonly string[] Texts =
    [
        "", "plain", "grün, weiß", "日本語のテキスト", "\U0001F600\U0001F468\u200D\U0001F469\u200D\U0001F467", "e\u0301 \u0928\u093F", "a\U00010348b\uFFFDc\u0000",
    ];

    [Fact]
    public void Append_BytesOfOneCharacter_GivesItWithTheLast()
    {
        var detokenizer = new Detokenizer();
        Assert.Equal("", detokenizer.Append([0xF0]).ToString());
        Assert.Equal("", detokenizer.Append([0x9F, 0x98]).ToString());
        Assert.Equal("\U0001F600a", detokenizer.Append([0x80, (byte)'a']).ToString());
        Assert.Equal("", detokenizer.Flush().ToString());
    }

    [Fact]
    public void Flush_UnfinishedCharacter_GivesReplacement()
    {
        var detokenizer = new Detokenizer();
        Assert.Equal("x", detokenizer.Append([(byte)'x', 0xE4, 0xBD]).ToString());
        Assert.Equal("\uFFFD", detokenizer.Flush().ToString());
        Assert.Equal("y", detokenizer.Append("y"u8).ToString());
    }

    [Fact]
    public void Append_ByteThatCannotFollow_GivesReplacementAtOnce()
    {
        var detokenizer = new Detokenizer();
        Assert.Equal("", detokenizer.Append([0xE4]).ToString());
        Assert.Equal("\uFFFDa", detokenizer.Append("a"u8).ToString());
        Assert.Equal("\uFFFD", detokenizer.Append([0xFF]).ToString());
    }

    [Theory]
    [InlineData(1u, false)]
    [InlineData(2u, false)]
    [InlineData(3u, true)]
    [InlineData(4u, true)]
    public void SCH11_RandomCuts_EqualsWholeDecodingAndNeverBreaksACharacter(uint seed, bool damage)
    {
        var random = new MersenneTwister(seed);
        int Below(int n) => (int)(random.NextUInt32() % (uint)n);
        for (var round = 0; round < 2_000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(Texts[Below(Texts.Length)] + Texts[Below(Texts.Length)]);
            for (var i = Below(4); damage && bytes.Length > 0 && i > 0; i--)
            {
                bytes[Below(bytes.Length)] = (byte)Below(256);
            }

            var detokenizer = new Detokenizer();
            var text = new StringBuilder();
            for (var start = 0; start < bytes.Length;)
            {
                var length = Math.Min(1 + Below(6), bytes.Length - start);
                var piece = detokenizer.Append(bytes.AsSpan(start, length));
                Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])), "a surrogate pair was cut");
                text.Append(piece);
                start += length;
            }

            text.Append(detokenizer.Flush());
            Assert.Equal(Encoding.UTF8.GetString(bytes), text.ToString());
        }
    }
}
