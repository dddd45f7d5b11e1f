using System.Text;
using System.Text.RegularExpressions;
using LlavaServer.Models.Tests.Tokenization.Golden;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

/// <summary>The hand-written splitters against the patterns they stand for, on texts for which .NET's classes agree with Unicode 15.1.</summary>
public sealed class PreTokenizerTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Llama3 =
        @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData("gpt-2", Gpt2)]
    [InlineData("llama-bpe", Llama3)]
    [InlineData("qwen2", Llama3)]
    public void Split_BasicPlaneTexts_EqualsPattern(string name, string pattern)
    {
        var regex = new Regex(name == "qwen2" ? pattern.Replace("{1,3}", "", StringComparison.Ordinal) : pattern, RegexOptions.CultureInvariant);
        var splitter = PreTokenizer.Find(name)!;
        var compared = 0;
        foreach (var text in GoldenCorpus.Texts.Where(text => !text.Any(char.IsSurrogate) && text.EnumerateRunes().All(IsOld)))
        {
            var ends = new List<int>();
            splitter.Split([.. text.Select(character => (int)character)], ends);
            Assert.Equal(regex.Matches(text).Select(match => match.Index + match.Length), ends);
            compared++;
        }

        Assert.InRange(compared, 900, int.MaxValue);
    }

    [Theory]
    [InlineData("a.b", "a|.|b")]
    [InlineData("say: 12345 ok", "say|:| |123|45| ok")]
    [InlineData("1\u00B2345", "1\u00B2|345")]
    [InlineData("it's $5", "it|'|s| |$|5")]
    [InlineData("  x", " | x")]
    public void Split_Default_FourStages(string text, string words)
    {
        var ends = new List<int>();
        PreTokenizer.Find("default")!.Split([.. text.Select(character => (int)character)], ends);
        Assert.Equal(words, string.Join('|', ends.Select((end, i) => text[(i == 0 ? 0 : ends[i - 1])..end])));
    }

    [Theory]
    [InlineData(0x41, UnicodeClass.Letter)]
    [InlineData(0x661, UnicodeClass.Number)]
    [InlineData(0x2EBF0, UnicodeClass.Letter)]
    [InlineData(0x10D4A, UnicodeClass.Other)]
    [InlineData(0x3000, UnicodeClass.WhiteSpace)]
    [InlineData(0x180E, UnicodeClass.Other)]
    [InlineData(0xFF01, UnicodeClass.Punctuation)]
    [InlineData(0x10FFFF, UnicodeClass.Other)]
    public void Of_CodePoint_ClassOfUnicode15(int codePoint, object expected) => Assert.Equal(expected, UnicodeClasses.Of(codePoint));

    /// <summary>Assigned long ago: every version of Unicode in use knows it.</summary>
    private static bool IsOld(Rune rune) => rune.Value is < 0x530 or (>= 0x3041 and < 0x3097) or (>= 0x4E00 and < 0x9FA6) or (>= 0xAC00 and < 0xD7A4);
}
