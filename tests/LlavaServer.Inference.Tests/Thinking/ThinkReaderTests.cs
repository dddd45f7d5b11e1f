using System.Text;
using LlavaServer.Inference.Thinking;

namespace LlavaServer.Inference.Tests.Thinking;

/// <summary>Thinking and answer, whole and cut at every place.</summary>
public sealed class ThinkReaderTests
{
    private static readonly ThinkMarkers s_markers = new("<think>", "</think>");

    [Theory]
    [InlineData("<think>A b</think>C d", false, "A b", "C d")]
    [InlineData(" \n<think>\nA\n b \n</think>\n\nC\n", false, "A\n b", "C\n")]
    [InlineData("A</think>C", true, "A", "C")]
    [InlineData("A</thinC", true, "A</thinC", "")]
    [InlineData("A </th ", true, "A </th", "")]
    [InlineData("<think></think>C", false, "", "C")]
    [InlineData("<think>", false, "", "")]
    [InlineData("<think>A", false, "A", "")]
    [InlineData("<thin", false, "", "<thin")]
    [InlineData("<thing>C</think>", false, "", "<thing>C</think>")]
    [InlineData("C <think>A</think>", false, "", "C <think>A</think>")]
    [InlineData("<think>A</think>C <think>D</think>", false, "A", "C <think>D</think>")]
    [InlineData(" C", false, "", " C")]
    [InlineData("", false, "", "")]
    public void Read_Text_PartedWhereverItIsCut(string text, bool isOpen, string thinking, string content)
    {
        for (var size = 1; size <= text.Length + 1; size++)
        {
            var pieces = Read(text, isOpen, size, hasTokens: false);
            Assert.Equal((thinking, content), (Joined(pieces, static p => p.Thinking), Joined(pieces, static p => p.Text)));
            Assert.Equal(text, Joined(pieces, static p => p.Written ?? p.Text));
            Assert.All(pieces, static p => Assert.True(p.Tokens is null && (p.Thinking.Length == 0 || p.Text.Length == 0)));
            Assert.Equal(FinishReason.Stop, pieces[^1].FinishReason);
            Assert.All(pieces.SkipLast(1), static p => Assert.Null(p.FinishReason));
        }
    }

    [Theory]
    [InlineData("<think>\nA b\n</think>\n\nC d", false, "C d")]
    [InlineData("A</think>C", true, "C")]
    [InlineData("C d", false, "C d")]
    [InlineData("<think>A", false, "")]
    public void Read_Tokens_PartedAsTheirText(string text, bool isOpen, string content)
    {
        for (var size = 1; size <= text.Length + 1; size++)
        {
            var pieces = Read(text, isOpen, size, hasTokens: true);
            Assert.Equal(content, string.Concat(pieces.Where(static p => p.Thinking.Length == 0).SelectMany(static p => p.Tokens!).Select(static t => t.Text)));
            Assert.Equal(Encoding.UTF8.GetBytes(content), pieces.Where(static p => p.Thinking.Length == 0).SelectMany(static p => p.Tokens!).SelectMany(static t => t.Bytes.ToArray()));

            // Those of the markers, and what ends with one, belong to neither.
            var thought = string.Concat(pieces.Where(static p => p.Thinking.Length > 0).SelectMany(static p => p.Tokens!).Select(static t => t.Text));
            Assert.StartsWith(thought, Joined(pieces, static p => p.Thinking), StringComparison.Ordinal);
            Assert.True(size > 1 || thought == Joined(pieces, static p => p.Thinking));
        }
    }

    [Theory]
    [InlineData("{{ .Prompt }}<think>{{ .Thinking }}</think>", "<think>")]
    [InlineData("{% if x %}<thinking>\n</thinking>{% endif %}", "<thinking>")]
    [InlineData("{{ .Prompt }}<think>", null)]
    [InlineData("{{ .Prompt }}", null)]
    [InlineData(null, null)]
    public void In_Template_ItsMarkers(string? template, string? open) => Assert.Equal(open, ThinkMarkers.In(template)?.Open);

    // Each piece of the text is one token.
    private static List<GenerationUpdate> Read(string text, bool isOpen, int size, bool hasTokens)
    {
        var reader = new ThinkReader(new ThinkPlan(s_markers, isOpen, []));
        var output = new Queue<GenerationUpdate>();
        for (var at = 0; at < text.Length; at += size)
        {
            var piece = text[at..Math.Min(text.Length, at + size)];
            var token = new TokenLogProbability { TokenId = at / size, Text = piece, Bytes = Encoding.UTF8.GetBytes(piece), LogProbability = -1 };
            reader.Read(new GenerationUpdate { Text = piece, Tokens = hasTokens ? [token] : null }, output);
        }

        reader.Read(new GenerationUpdate { FinishReason = FinishReason.Stop, Tokens = hasTokens ? [] : null }, output);
        return [.. output];
    }

    private static string Joined(IEnumerable<GenerationUpdate> pieces, Func<GenerationUpdate, string> part) => string.Concat(pieces.Select(part));
}
