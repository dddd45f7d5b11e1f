using System.Text;

namespace LlavaServer.Models.Tests.Tokenization.Golden;

/// <summary>
/// The texts of the golden test, made anew in every run: whole sentences, pieces of them glued together, random code points of many blocks, white space,
/// digits, and special tokens typed out in between. All are well-formed UTF-16.
/// </summary>
internal static class GoldenCorpus
{
    private const int RandomTexts = 2_400;

    private static readonly (int First, int Last)[] Blocks =
    [
        (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x80, 0xFF), (0x100, 0x24F), (0x250, 0x2AF), (0x2B0, 0x36F), (0x370, 0x3FF), (0x400, 0x52F),
        (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F),
        (0x2070, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2600, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3),
        (0xE000, 0xF8FF), (0xF900, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x1D400, 0x1D7FF), (0x1E000, 0x1EFFF), (0x1F300, 0x1FAFF),
        (0x20000, 0x2FA1F), (0xE0000, 0xE01EF), (0x100, 0xD7FF), (0x10000, 0x10FFFF),
    ];

    private static readonly string[] WhiteSpace = [" ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n", "\n ", "\u00A0", "\u2003", "\u3000", "\u0085"];

    public static IReadOnlyList<string> Texts { get; } = Build();

    private static List<string> Build()
    {
        var texts = new List<string> { "" };
        texts.AddRange(GoldenText.Sentences);
        texts.AddRange(GoldenText.Snippets);
        texts.AddRange(GoldenText.Special);
        var random = new SplitMix(20_261_122);
        for (var i = 0; i < RandomTexts; i++)
        {
            var builder = new StringBuilder();
            for (var parts = 1 + random.Below(6); parts > 0; parts--)
            {
                AppendPart(builder, random);
            }

            texts.Add(builder.ToString());
        }

        return texts;
    }

    private static void AppendPart(StringBuilder text, SplitMix random)
    {
        switch (random.Below(10))
        {
            case 0:
            case 1:
            case 2:
                AppendSlice(text, random.Pick(GoldenText.Sentences), 30, random);
                break;
            case 3:
                AppendSlice(text, random.Pick(GoldenText.Snippets), 24, random);
                break;
            case 4:
                text.Append(random.Pick(GoldenText.Special));
                break;
            case 5:
                AppendCodePoints(text, random);
                break;
            case 6:
                text.Append(random.Next() % (ulong)Math.Pow(10, 1 + random.Below(9)));
                break;
            case 7:
                text.Append(random.Pick(["'s", "'LL", "'re", "'", "''d", "!", "...", "!!\n", " -", "$$", " \"", "\u0301", "\u200D", "\uFE0F", "_"]));
                break;
            default:
                text.Insert(text.Length, random.Pick(WhiteSpace), 1 + (random.Below(8) == 0 ? random.Below(9) : 0));
                break;
        }
    }

    private static void AppendSlice(StringBuilder text, string source, int length, SplitMix random)
    {
        var runes = source.EnumerateRunes().ToArray();
        var start = random.Below(runes.Length);
        foreach (var rune in runes.AsSpan(start, Math.Min(1 + random.Below(length), runes.Length - start)))
        {
            text.Append(rune);
        }
    }

    private static void AppendCodePoints(StringBuilder text, SplitMix random)
    {
        var (first, last) = random.Pick(Blocks);
        for (var count = 1 + random.Below(8); count > 0; count--)
        {
            if (Rune.TryCreate(first + random.Below(last - first + 1), out var rune))
            {
                text.Append(rune);
            }
        }
    }
}
