using LlavaServer.Endpoints.Ollama;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>Thinking and answer, whole and cut at every place.</summary>
public sealed class ThinkSplitterTests
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
    public void Next_Text_PartedWhereverItIsCut(string text, bool isOpen, string thinking, string content)
    {
        for (var size = 1; size <= text.Length + 1; size++)
        {
            var splitter = new ThinkSplitter(s_markers, isOpen);
            var (thought, said) = ("", "");
            for (var at = 0; at < text.Length; at += size)
            {
                var piece = splitter.Next(text[at..Math.Min(text.Length, at + size)], isLast: false);
                (thought, said) = (thought + piece.Thinking, said + piece.Content);
            }

            var last = splitter.Next("", isLast: true);
            Assert.Equal((thinking, content), (thought + last.Thinking, said + last.Content));
        }
    }

    [Theory]
    [InlineData("{{ .Prompt }}<think>{{ .Thinking }}</think>", "<think>")]
    [InlineData("{% if x %}<thinking>\n</thinking>{% endif %}", "<thinking>")]
    [InlineData("{{ .Prompt }}<think>", null)]
    [InlineData("{{ .Prompt }}", null)]
    [InlineData(null, null)]
    public void In_Template_ItsMarkers(string? template, string? open) => Assert.Equal(open, ThinkMarkers.In(template)?.Open);
}
