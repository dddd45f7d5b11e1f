using LlavaServer.Cli.Run;

namespace LlavaServer.Tests.Cli.Run;

/// <summary>The line editor with keys from a script: <c>^x</c> is Ctrl+X, words in angle brackets are keys, everything else is typed.</summary>
public sealed class LineEditorTests
{
    [Theory]
    [InlineData("hello<enter>", "hello")]
    [InlineData("helo<left>l<enter>", "hello")]
    [InlineData("xhello<home><delete><enter>", "hello")]
    [InlineData("hello!<backspace><enter>", "hello")]
    [InlineData("one two^w<enter>", "one ")]
    [InlineData("one two^aX<enter>", "Xone two")]
    [InlineData("one two^a^k<enter>", "")]
    [InlineData("one two<left><left>^u<enter>", "wo")]
    [InlineData("one<left><left>^k^eX<enter>", "oX")]
    [InlineData("one two<ctrl-left><ctrl-left>a <ctrl-right>b<enter>", "a oneb two")]
    [InlineData("a😀<backspace>b<enter>", "ab")]
    [InlineData("a😀<left>b<delete>c<enter>", "abc")]
    [InlineData("<up><enter>", "second")]
    [InlineData("<up><up><enter>", "first")]
    [InlineData("<up><up><up><enter>", "first")]
    [InlineData("draft<up><down>!<enter>", "draft!")]
    [InlineData("<up>!<enter>", "second!")]
    [InlineData("typed^c<enter>", "")]
    [InlineData("^cok<enter>", "ok")]
    [InlineData("abc^d<left>^d<enter>", "ab")]
    [InlineData("^d", null)]
    [InlineData("tab\there<enter>", "tab\there")]
    public void O14_Keys_EditTheLine(string keys, string? line) => Assert.Equal(line, Read(keys).Line);

    [Fact]
    public void O14_BracketedPaste_LinesAreNotSentByIt()
    {
        var (line, screen) = Read("say: <paste>one\rtwo\nthree</paste>!<enter>");
        Assert.Equal("say: one\ntwo\nthree!", line);
        Assert.Contains("\u001b[?2004h", screen, StringComparison.Ordinal);
        Assert.EndsWith("\u001b[?2004l", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void O14_UnknownSequence_IsNoText() => Assert.Equal("ab", Read("a<seq>[1;5Q</seq>b<enter>").Line);

    [Fact]
    public void Read_InitialText_IsEdited() => Assert.Equal("what is cat.png", Read("<backspace>g<enter>", "what is cat.pnf").Line);

    [Fact]
    public void O14_Lines_AreKeptWithoutRepetition()
    {
        var history = new LineHistory(null);
        var keys = new ScriptedKeys("one<enter>");
        for (var i = 0; i < 2; i++)
        {
            keys.Add("one<enter>");
            new LineEditor(keys, TextWriter.Null, static () => 80, history).Read("> ");
        }

        Assert.Equal(["one"], history.Lines);
    }

    [Theory]
    [InlineData("abc", 3, 80, "> abc", 0, 0, 5)]
    [InlineData("abc", 1, 80, "> abc", 0, 0, 3)]
    [InlineData("abcdef", 6, 5, "> abc\r\ndef", 1, 1, 3)]
    [InlineData("abc", 3, 5, "> abc\r\n", 1, 1, 0)]
    [InlineData("a\nb", 3, 80, "> a\r\n... b", 1, 1, 5)]
    [InlineData("漢字x", 3, 5, "> 漢\r\n字x", 1, 1, 3)]
    [InlineData("a\tb\u0007", 4, 80, "> a b?", 0, 0, 6)]
    public void ScreenText_LinesAndCursor(string text, int cursor, int width, string shown, int endRow, int cursorRow, int cursorColumn)
    {
        var screen = new ScreenText("> ", text, cursor, width);
        Assert.Equal((shown, endRow, cursorRow, cursorColumn), (screen.Text, screen.EndRow, screen.CursorRow, screen.CursorColumn));
    }

    [Fact]
    public void O14_History_SurvivesTheChatUnlessSwitchedOff()
    {
        var folder = Directory.CreateTempSubdirectory("llava-history-");
        try
        {
            var path = Path.Combine(folder.FullName, "deep", "history");
            var history = new LineHistory(path);
            string[] lines = ["one", "two\nlines", "back\\slash\\n", "漢字"];
            Array.ForEach(lines, history.Add);
            Assert.Equal(lines, new LineHistory(path).Lines);
            new LineHistory(null).Add("secret");
            Assert.Equal(lines, new LineHistory(path).Lines);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (string? Line, string Screen) Read(string script, string initial = "")
    {
        var history = new LineHistory(null);
        history.Add("first");
        history.Add("second");
        var screen = new StringWriter();
        var keys = new ScriptedKeys(script);
        var line = new LineEditor(keys, screen, static () => 40, history).Read("> ", initial);
        Assert.False(keys.IsWaiting);
        return (line, screen.ToString());
    }
}
