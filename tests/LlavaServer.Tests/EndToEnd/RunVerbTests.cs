using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LlavaServer.TestRegistry;

namespace LlavaServer.Tests.EndToEnd;

/// <summary><c>llava run</c> with a prompt, as a shell sees it: the real program against the real server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class RunVerbTests(BundledServer server, EndlessServer endless)
{
    private const string Question = "What color is the circle?";
    private static readonly string s_picture = Path.Combine(TestPicture.Folder, TestPicture.RedCircle.FileName);
    private static readonly string[] s_exact = ["--param", "temperature=0"];

    [Fact]
    public async Task Run_PictureInThePrompt_OnlyTheAnswerOnStandardOutput()
    {
        var (_, output, errors) = await RunAsync(0, ["llava-mini", Question, s_picture, .. s_exact]);
        Assert.Contains("red", output, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\n", output, StringComparison.Ordinal);
        Assert.Equal("image 1: red-circle.png (320x240)\n", errors);
    }

    [Fact]
    public async Task Run_EveryWayToGiveAPicture_SameAnswerAsTheApis()
    {
        var expected = await AskApiAsync();
        Assert.Equal(expected, (await RunAsync(0, ["llava-mini", Question, s_picture, .. s_exact])).Output.TrimEnd('\n'));
        Assert.Equal(expected, (await RunAsync(0, ["llava-mini", Question, "--image", s_picture, .. s_exact])).Output.TrimEnd('\n'));
        Assert.Equal(expected, (await RunAsync(0, ["llava-mini", "--image", s_picture, .. s_exact], Encoding.UTF8.GetBytes(Question))).Output.TrimEnd('\n'));
        Assert.Equal(expected, (await RunAsync(0, ["llava-mini", Question, "--image", "-", .. s_exact], TestPicture.RedCircle.Bytes)).Output.TrimEnd('\n'));
    }

    [Fact]
    public async Task Run_FormatJson_AnswerBeginsAnObject()
    {
        // A model that never saw JSON may write a string without end.
        var (_, output, _) = await RunAsync(0, ["llava-mini", "Describe the picture.", s_picture, "--format", "json", "--param", "num_predict=50", .. s_exact]);
        Assert.StartsWith("{", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FormatSchemaFile_AnswerFollowsIt()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{"type":"object","properties":{"color":{"enum":["red","blue"]}},"required":["color"],"additionalProperties":false}""", Token);
        var (_, output, _) = await RunAsync(0, ["llava-mini", Question, s_picture, "--format", file, .. s_exact]);
        File.Delete(file);
        Assert.Equal("red", JsonElement.Parse(output).GetProperty("color").GetString());
    }

    [Fact]
    public async Task Run_Verbose_CountsAndTimesOnStandardError()
    {
        var (_, output, errors) = await RunAsync(0, ["llava-mini", Question, s_picture, "--verbose", "--system", "Be short.", "--keepalive", "10m", .. s_exact]);
        Assert.DoesNotContain("tokens", output, StringComparison.Ordinal);
        foreach (var row in (string[])["waiting in line:", "first text:", "looking:", "prompt:", "prefill:", "answer:", "decode:", "total:"])
        {
            Assert.Contains(row, errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_Mistakes_ExitCodesAndReasons()
    {
        Assert.Contains("no such file", (await RunAsync(2, ["llava-mini", "what is", "/no/such.png"])).Errors, StringComparison.Ordinal);
        Assert.Contains("no such file", (await RunAsync(2, ["llava-mini", "what?", "--image", "/no/such.png"])).Errors, StringComparison.Ordinal);
        Assert.Contains("Standard input is no picture", (await RunAsync(2, ["llava-mini", "what?", "--image", "-"], [1, 2, 3])).Errors, StringComparison.Ordinal);
        Assert.Contains("temperature", (await RunAsync(2, ["llava-mini", "what?", "--param", "heat=1"])).Errors, StringComparison.Ordinal);
        Assert.Contains("a number", (await RunAsync(2, ["llava-mini", "what?", "--param", "temperature=hot"])).Errors, StringComparison.Ordinal);
        Assert.Contains("JSON Schema", (await RunAsync(2, ["llava-mini", "what?", "--format", "xml"])).Errors, StringComparison.Ordinal);
        Assert.Contains("nothing to ask", (await RunAsync(2, ["llava-mini"])).Errors, StringComparison.Ordinal);
        Assert.Contains("llava serve", (await RunAsync(3, ["llava-mini", "what?", "--host", "127.0.0.1:1"])).Errors, StringComparison.Ordinal);
        var truncated = Path.Combine(TestPicture.Folder, TestPicture.Truncated.FileName);
        Assert.NotEqual("", (await RunAsync(2, ["llava-mini", "what?", truncated])).Errors);
    }

    [Fact]
    public async Task Run_ModelThatIsNotInTheStore_IsPulledAndThenNotFoundAtItsRegistry()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var (_, output, errors) = await RunAsync(4, [registry.Name("nothing").Full, "what?"]);
        Assert.Equal("", output);
        Assert.Contains("not found, and it cannot be pulled", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Interrupted_EndsWith130AndTheServerIsFree()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals here.");
        using var http = new HttpClient { BaseAddress = endless.Address };
        var start = Program(["run", EndlessServer.Model, "go on", "--host", endless.Address.Authority, .. s_exact]);
        if (IgnoresInterrupts)
        {
            start.ArgumentList.Insert(0, start.FileName);
            start.ArgumentList.Insert(0, "--default-signal=INT");
            start.FileName = "env";
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        Assert.Equal(1, await process.StandardOutput.ReadAsync(new char[1], Token));
        using (var kill = Process.Start("sh", ["-c", $"kill -INT {process.Id}"]))
        {
            await kill.WaitForExitAsync(Token);
        }

        await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(130, process.ExitCode);
        using var answer = await http.PostAsJsonAsync("api/generate", new { model = EndlessServer.Model, prompt = "x", stream = false, options = new { num_predict = 1 } }, Token);
        Assert.True(answer.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Stop_Force_RunningAnswerFailsAndTheModelLoadsAgain()
    {
        using var process = Process.Start(Program(["run", EndlessServer.Model, "go on", "--host", endless.Address.Authority, .. s_exact]))!;
        process.StandardInput.Close();
        Assert.Equal(1, await process.StandardOutput.ReadAsync(new char[1], Token));
        await RunAsync(0, "stop", [EndlessServer.Model, "--force", "--host", endless.Address.Authority]);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.StandardOutput.ReadToEndAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal((1, "The model was stopped.\n"), (process.ExitCode, (await errors).ReplaceLineEndings("\n")));
        using var http = new HttpClient { BaseAddress = endless.Address };
        using var answer = await http.PostAsJsonAsync("api/generate", new { model = EndlessServer.Model, prompt = "x", stream = false, options = new { num_predict = 1 } }, Token);
        Assert.True(answer.IsSuccessStatusCode);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A shell's background jobs are born so, and what they start as well.
    private static bool IgnoresInterrupts => OperatingSystem.IsLinux() &&
        File.ReadLines("/proc/self/status").Where(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal))
            .Any(static line => (Convert.ToInt64(line["SigIgn:".Length..].Trim(), 16) & 2) != 0);

    private async Task<string> AskApiAsync()
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        var content = new object[] { new { type = "image_url", image_url = new { url = TestPicture.RedCircle.DataUrl } }, new { type = "text", text = Question } };
        using var response = await client.PostAsJsonAsync("v1/chat/completions", new { model = "llava-mini", temperature = 0, messages = new[] { new { role = "user", content } } }, Token);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        return answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static ProcessStartInfo Program(IEnumerable<string> arguments) => new("dotnet", [Path.Combine(AppContext.BaseDirectory, "llava.dll"), .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(int exitCode, string[] arguments, byte[]? input = null) => RunAsync(exitCode, "run", arguments, input);

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(int exitCode, string verb, string[] arguments, byte[]? input = null)
    {
        string[] host = arguments.Contains("--host") ? [] : ["--host", server.Address.Authority];
        using var process = Process.Start(Program([verb, .. arguments, .. host]))!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.StandardInput.BaseStream.WriteAsync(input ?? [], Token);
        process.StandardInput.Close();
        await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromMinutes(2), Token);
        Assert.True(process.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {process.ExitCode}\n{await errors}");
        return (process.ExitCode, (await output).ReplaceLineEndings("\n"), (await errors).ReplaceLineEndings("\n"));
    }
}
