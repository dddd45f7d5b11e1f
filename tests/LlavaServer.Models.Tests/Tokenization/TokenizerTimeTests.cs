using System.Diagnostics;
using LlavaServer.Models.Tests.Tokenization.Golden;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

/// <summary>Text that a hostile client would send takes about n log n: eight times the text, not sixty-four times the work.</summary>
public sealed class TokenizerTimeTests
{
    private const int Small = 1 << 17;
    private const int Large = 1 << 20;

    public static TheoryData<string, string> Hostile
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var variant in (string[])["spm", "llama-bpe", "default"])
            {
                foreach (var unit in (string[])["a", " ", "\n", "<", "</s>", "=", "1", "\u0301", "\U0001F600", "'", "<|im_", "ab"])
                {
                    data.Add(variant, unit);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void SCH21_OneMegabyteOfOneUnit_IsNearlyLinear(string variant, string unit)
    {
        var tokenizer = TokenizerFactory.Create(GoldenVocabulary.Metadata(variant));
        var large = Measure(tokenizer, unit, Large);

        // Half a second on an idle machine; quadratic work would need minutes even there.
        if (large > TimeSpan.FromSeconds(5))
        {
            var small = Measure(tokenizer, unit, Small);
            Assert.True(large < 30 * small, $"{Large} characters took {large}, {Small} took {small}");
        }
    }

    [Theory]
    [InlineData("spm", "a")]
    [InlineData("llama-bpe", "a")]
    [InlineData("default", "a")]
    public void SCH21_CancelledWhileMerging_EndsWithinTheText(string variant, string unit)
    {
        var tokenizer = TokenizerFactory.Create(GoldenVocabulary.Metadata(variant));
        var text = string.Concat(Enumerable.Repeat(unit, Large / unit.Length));
        using var source = new CancellationTokenSource();
        source.Cancel();
        var output = new List<int>();
        Assert.Throws<OperationCanceledException>(() => tokenizer.Encode(text, addSpecial: false, parseSpecial: false, output, source.Token));
        Assert.Empty(output);
    }

    [Fact]
    public void SCH21_CancelledDuringMerging_IsSeenBeforeTheEnd()
    {
        using var source = new CancellationTokenSource();
        using var chain = new SymbolChain(source.Token);
        chain.Reset(Large);
        source.Cancel();
        var pushed = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            for (; pushed < Large - 1; pushed++)
            {
                chain.Push(pushed, pushed + 1, 1);
            }
        });
        Assert.InRange(pushed, 1, 4096);
    }

    private static TimeSpan Measure(ITokenizer tokenizer, string unit, int length)
    {
        var text = string.Concat(Enumerable.Repeat(unit, length / unit.Length));
        var watch = Stopwatch.StartNew();
        tokenizer.Encode(text, addSpecial: true, parseSpecial: true, []);
        return watch.Elapsed;
    }
}
