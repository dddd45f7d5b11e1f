using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>What is kept of an engine process's output, and how its end is told.</summary>
public sealed class LastWordsTests
{
    [Fact]
    public async Task Collect_EndlessLinesAndManyLines_BoundedTail()
    {
        var words = new LastWords();
        var lines = string.Concat(Enumerable.Range(0, 1000).Select(i => $"line {i}\n"));
        var seen = 0;
        await words.CollectAsync(new StringReader(lines + new string('x', 1_000_000)), (_, _) => seen++);
        Assert.Equal(1001, seen);
        Assert.Equal(new string('x', 300), words.Quote);
        Assert.StartsWith("line 981\nline 982\n", words.Text, StringComparison.Ordinal);
        Assert.InRange(words.Text.Length, 500, 20 * 501);
    }

    [Fact]
    public async Task Quote_StackTraceAndControlCharacters_TheSentenceAlone()
    {
        var words = new LastWords();
        await words.CollectAsync(new StringReader("before\nUnhandled exception. \u001b[31mAll is lost\r\n   at A.B()\n   at C.D()\n\n"), (_, _) => { });
        Assert.Equal("Unhandled exception.  [31mAll is lost", words.Quote);
    }

    [Theory]
    [InlineData(0, "exit code 0")]
    [InlineData(1, "exit code 1")]
    [InlineData(134, "signal 6 SIGABRT")]
    [InlineData(137, "signal 9 SIGKILL")]
    [InlineData(139, "signal 11 SIGSEGV")]
    [InlineData(128 + 40, "signal 40")]
    public void ExitText_CodeOrSignal(int code, string text)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals.");
        Assert.Equal(text, ChildProcess.ExitText(code));
    }

    [Fact]
    public void Describe_ProcessThatComplains_ItsCodeAndWords()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell.");
        Environment.SetEnvironmentVariable("LLAVA_API_KEYS", "secret");
        using var child = ChildProcess.Start(
            new EngineCommand("/bin/sh", ["-c", "echo working; echo \"no memory for $2 ${LLAVA_API_KEYS:-nobody}\" >&2; exit 7", "sh"]), "/path", (_, _) => { });
        Environment.SetEnvironmentVariable("LLAVA_API_KEYS", null);
        var text = child.Describe(TimeSpan.FromSeconds(20));
        Assert.StartsWith("The engine process ended (exit code 7). Its last words: ", text, StringComparison.Ordinal);
        Assert.Contains("no memory for /path nobody", child.Words, StringComparison.Ordinal);
        Assert.True(child.HasExited);
    }

    [Fact]
    public void Dispose_ProcessThatGoesOn_IsKilled()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell.");
        var child = ChildProcess.Start(new EngineCommand("/bin/sh", ["-c", "exec sleep 1000", "sh"]), "/path", (_, _) => { });
        var process = System.Diagnostics.Process.GetProcessById(child.Id);
        Assert.Equal("The engine process does not answer.", child.Describe(TimeSpan.Zero));
        child.Dispose();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
    }
}
