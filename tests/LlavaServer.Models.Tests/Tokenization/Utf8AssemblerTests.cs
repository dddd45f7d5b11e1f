using System.Text;
using LlavaServer.Models.Tests.Tokenization.Golden;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

public sealed class Utf8AssemblerTests
{
    [Fact]
    public void Append_BytesOfOneCharacter_GivesItWithTheLast()
    {
        var assembler = new Utf8Assembler();
        Assert.Equal("", assembler.Append([0xF0]));
        Assert.Equal("", assembler.Append([0x9F, 0x98]));
        Assert.Equal("\U0001F600a", assembler.Append([0x80, (byte)'a']));
        Assert.Equal("", assembler.Flush());
    }

    [Fact]
    public void Flush_UnfinishedCharacter_GivesReplacement()
    {
        var assembler = new Utf8Assembler();
        Assert.Equal("x", assembler.Append([(byte)'x', 0xE4, 0xBD]));
        Assert.Equal("\uFFFD", assembler.Flush());
        Assert.Equal("y", assembler.Append("y"u8));
    }

    [Fact]
    public void Append_ByteThatCannotFollow_GivesReplacementAtOnce()
    {
        var assembler = new Utf8Assembler();
        Assert.Equal("", assembler.Append([0xE4]));
        Assert.Equal("\uFFFDa", assembler.Append("a"u8));
        Assert.Equal("\uFFFD", assembler.Append([0xFF]));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void SCH11_RandomCuts_EqualsWholeDecodingAndNeverBreaksACharacter(ulong seed, bool damage)
    {
        var random = new SplitMix(seed);
        for (var round = 0; round < 2_000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(random.Pick(GoldenCorpus.Texts));
            for (var i = random.Below(4); damage && bytes.Length > 0 && i > 0; i--)
            {
                bytes[random.Below(bytes.Length)] = (byte)random.Below(256);
            }

            var assembler = new Utf8Assembler();
            var text = new StringBuilder();
            for (var start = 0; start < bytes.Length;)
            {
                var length = Math.Min(1 + random.Below(6), bytes.Length - start);
                var piece = assembler.Append(bytes.AsSpan(start, length));
                Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])), "a surrogate pair was cut");
                text.Append(piece);
                start += length;
            }

            text.Append(assembler.Flush());
            Assert.Equal(Encoding.UTF8.GetString(bytes), text.ToString());
        }
    }
}
