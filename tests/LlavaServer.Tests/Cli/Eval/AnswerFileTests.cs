using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class AnswerFileTests : IDisposable
{
    private readonly EvalFolder _folder = new();

    private string Path => _folder.Path("a.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_CutAtEveryByte_KeepsAllWholeLines()
    {
        using (var file = AnswerFile.Open(Path))
        {
            file.Add(Answer(1, "Yes, \"é\" 猫"));
            file.Add(Answer(2, "line\nend"));
            file.Add(Answer(3, "No"));
        }

        var whole = File.ReadAllBytes(Path);
        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..length]);
            var ends = Enumerable.Range(0, length).Count(i => whole[i] == '\n');
            using (var file = AnswerFile.Open(Path))
            {
                // A line that lacks nothing but its end is whole.
                Assert.InRange(file.Present.Count, ends, ends + (length < whole.Length && whole[length] == '\n' ? 1 : 0));
                file.Add(Answer(4, "again"));
            }

            var answers = AnswerFile.Read(Path);
            Assert.InRange(answers.Count, ends + 1, ends + 2);
            Assert.Equal("again", answers[^1].Text);
        }
    }

    [Fact]
    public void Open_BrokenLineInTheMiddle_IsRefusedWithItsNumber()
    {
        _folder.Write("a.jsonl", """{"question_id":1,"text":"x"}""", "{broken", """{"question_id":2,"text":"y"}""");
        Assert.Contains("line 2", Assert.Throws<VerbException>(() => AnswerFile.Open(Path)).Message, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Throws<VerbException>(() => AnswerFile.Read(Path)).ExitCode);
    }

    [Fact]
    public void Open_Twice_TheSecondIsRefused()
    {
        using var first = AnswerFile.Open(Path);
        Assert.Equal(ExitCodes.Failed, Assert.Throws<VerbException>(() => AnswerFile.Open(Path)).ExitCode);
    }

    [Fact]
    public void Pair_RepeatedIdsAndForeignPrompts_FindTheirQuestions()
    {
        EvalQuestion[] questions = [Question("a.png", "one?"), Question("a.png", "two?"), Question("b.png", "three?"), Question("c.png", "same?"), Question("c.png", "same?")];
        var (pairs, strangers) = AnswerMatch.Pair(
            questions,
            [Said("a.png", "two?", "2"), Said("b.png", "with a suffix three?", "3"), Said("a.png", "else?", "x"), Said("c.png", "same?", "4"), Said("c.png", "same?", "5"), Said("d.png", "?", "y")]);

        // The id alone names b.png's question, but not one of a.png's two.
        Assert.Equal([null, "2", "3", "4", "5"], pairs.Select(static pair => pair.Answer?.Text));
        Assert.Equal(2, strangers);
    }

    private static EvalQuestion Question(string id, string text) => new() { Id = JsonSerializer.SerializeToElement(id), Text = text, Prompt = text };

    private static EvalAnswer Said(string id, string prompt, string text) => new() { QuestionId = JsonSerializer.SerializeToElement(id), Prompt = prompt, Text = text };

    private static EvalAnswer Answer(int id, string text) => new() { QuestionId = JsonSerializer.SerializeToElement(id), Text = text };
}
