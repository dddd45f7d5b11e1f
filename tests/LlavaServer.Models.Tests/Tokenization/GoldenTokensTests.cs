using System.Text;
using LlavaServer.Models.Tests.Tokenization.Golden;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

/// <summary>Token ids equal to llama.cpp's on some 2,500 texts; recorded by the benchmarks' command <c>golden-tokens</c>.</summary>
public sealed class GoldenTokensTests
{
    public static TheoryData<string> Variants => [.. GoldenVocabulary.Variants];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Encode_GoldenCorpus_EqualsLlamaCpp(string variant)
    {
        var tokenizer = TokenizerFactory.Create(GoldenVocabulary.Metadata(variant));
        var texts = GoldenCorpus.Texts;
        var modes = GoldenTokens.Modes;
        var first = Array.IndexOf(GoldenVocabulary.Variants, variant) * modes.Length;
        var differences = new List<string>();
        foreach (var (text, lists) in texts.Zip(GoldenTokens.Read(texts.Count, GoldenVocabulary.Variants.Length * modes.Length)))
        {
            for (var mode = 0; mode < modes.Length; mode++)
            {
                var ids = new List<int>();
                tokenizer.Encode(text, modes[mode].AddSpecial, modes[mode].ParseSpecial, ids, TestContext.Current.CancellationToken);
                if (!ids.SequenceEqual(lists[first + mode]))
                {
                    differences.Add($"{modes[mode]} \"{text}\"\n expected {string.Join(' ', lists[first + mode])}\n actual   {string.Join(' ', ids)}");
                }
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ\n{string.Join('\n', differences.Take(5))}");
    }

    [Theory]
    [InlineData("spm")]
    [InlineData("spm-no-prefix")]
    public void GetBytes_OfEncodedGoldenCorpus_GivesTheTextBack(string variant)
    {
        var tokenizer = TokenizerFactory.Create(GoldenVocabulary.Metadata(variant));
        foreach (var text in GoldenCorpus.Texts)
        {
            var ids = new List<int>();
            tokenizer.Encode(text, addSpecial: false, parseSpecial: false, ids, TestContext.Current.CancellationToken);
            var expected = Encoding.UTF8.GetBytes(text.Replace('\u2581', ' '));
            var bytes = ids.SelectMany(id => tokenizer.GetBytes(id, special: true).ToArray()).ToArray();

            // Each run of raw text gets its space, so only texts without user-defined tokens come back with at most one in front; unused tokens say nothing.
            if (!ids.Any(id => id is > 8 and < 16 || tokenizer.GetBytes(id, special: true).IsEmpty))
            {
                Assert.Equal(expected, bytes.AsSpan(bytes.Length - expected.Length).ToArray());
                Assert.InRange(bytes.Length - expected.Length, 0, variant == "spm" ? 1 : 0);
            }
        }
    }
}
