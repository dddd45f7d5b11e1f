using System.Text;
using System.Text.Json;
using LlavaServer.TestRegistry;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The verbs that ask a server, as a shell sees them: what they write where, and what they end with.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class ClientVerbTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-store-");
    private ServerProcess? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["LLAVA_MODELS"] = _folder.FullName }, "--threads", "2");

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Verbs_OneModelsLife_WhatTheySayIsTrue()
    {
        var (_, list, _) = await RunAsync(0, "list");
        Assert.Matches(@"^NAME +ID +SIZE +CHANGED +CAN\nllava-mini:latest +[0-9a-f]{12} +8\.4 MB +.* ago +completion, vision\n$", list);

        Assert.Equal("llava-mini is now mine:v1 too\n", (await RunAsync(0, "cp", "llava-mini", "mine:v1")).Output);
        Assert.Contains("mine:v1", (await RunAsync(0, "ls", "mi")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("llava-mini", (await RunAsync(0, "ls", "mi")).Output, StringComparison.Ordinal);

        var shown = (await RunAsync(0, "show", "mine:v1")).Output;
        foreach (var row in (string[])[@"quantization +F16", @"image size +112", @"rows per image +64", @"capabilities +completion, vision"])
        {
            Assert.Matches(row, shown);
        }

        Assert.Contains("FROM", (await RunAsync(0, "show", "mine:v1", "--modelfile")).Output, StringComparison.Ordinal);
        Assert.Equal("F16", JsonElement.Parse((await RunAsync(0, "show", "mine:v1", "--json")).Output).GetProperty("details").GetProperty("quantization_level").GetString());

        Assert.Matches(@"\nllava-mini:latest +.* MB +CPU +0/4 +2048 +0 +", (await RunAsync(0, "ps")).Output);
        await RunAsync(0, "stop", "llava-mini");
        Assert.Equal("[]\n", (await RunAsync(0, "ps", "--json")).Output);

        Assert.Equal("removed mine:v1, 8.4 MB freed\n", (await RunAsync(0, "rm", "mine:v1")).Output);
        Assert.DoesNotContain("mine", (await RunAsync(0, "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbs_Mistakes_EndAsTheySay()
    {
        Assert.Equal("model 'nobody:latest' not found\n", (await RunAsync(4, "show", "nobody")).Errors);
        await RunAsync(4, "rm", "nobody");
        await RunAsync(2, "cp", "llava-mini", "a b");
        await RunAsync(2, "show", "llava-mini", "--system", "--license");
        await RunAsync(2, "list", "--host", "a b");
        Assert.Contains("llava serve", (await RunAsync(3, "list", "--host", "127.0.0.1:1")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rm_LastUseOfItsFiles_SaysHowMuchIsFree()
    {
        await using var registry = await LocalRegistry.StartAsync();
        registry.Put("latest", 3_000_000);
        var name = registry.Name("latest").Full;
        await RunAsync(0, "pull", name, "--insecure");
        await RunAsync(0, "cp", name, "second");
        Assert.Equal($"removed {name}, 0 B freed\n", (await RunAsync(0, "rm", name)).Output);
        Assert.Equal("removed second, 3 MB freed\n", (await RunAsync(0, "rm", "second")).Output);
    }

    [Fact]
    public async Task O20_Config_ValuesAndTheirSources()
    {
        var (output, errors) = await ProgramAsync(0, new() { ["LLAVA_THREADS"] = "3", ["OLLAMA_NUM_PARALLEL"] = "2", ["Llava__Queue__MaxQueue"] = "7", ["LLAVA_API_KEYS"] = "me:secret", ["LLAVA_THREDS"] = "1" }, "config");
        foreach (var row in (string[])["^KEY +VALUE +FROM$", "^Engine:Threads +3 +LLAVA_THREADS$", "^Engine:Slots +2 +OLLAMA_NUM_PARALLEL$", "^Queue:MaxQueue +7 +Llava__Queue__MaxQueue$", "^Security:ApiKeys +\\*\\*\\* +LLAVA_API_KEYS$"])
        {
            Assert.Matches($"(?m){row}", output);
        }

        Assert.DoesNotContain("secret", output + errors, StringComparison.Ordinal);
        Assert.Contains("LLAVA_THREDS is not a setting of this version; the nearest name is LLAVA_THREADS.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Streaming:PingInterval", output, StringComparison.Ordinal);
        Assert.Matches("(?m)^Streaming:PingInterval +00:00:10 +default$", (await ProgramAsync(0, [], "config", "--show-defaults")).Output);
        var json = JsonElement.Parse((await ProgramAsync(0, new() { ["LLAVA_THREADS"] = "3" }, "config", "--json")).Output);
        Assert.Contains(json.EnumerateArray(), static setting => setting.GetRawText() == """{"key":"Engine:Threads","value":"3","source":"LLAVA_THREADS"}""");
    }

    [Fact]
    public async Task O21_ConfigWithMistakes_AllAreToldAndExit2()
    {
        var (output, errors) = await ProgramAsync(2, new() { ["LLAVA_THREADS"] = "many", ["LLAVA_LOG_LEVEL"] = "loud", ["LLAVA_NUM_PARALLEL"] = "2" }, "config");
        Assert.Contains("Engine:Threads (LLAVA_THREADS) must be a whole number, not 'many'.", errors, StringComparison.Ordinal);
        Assert.Contains("Logging:Level (LLAVA_LOG_LEVEL) must be", errors, StringComparison.Ordinal);
        Assert.Matches("(?m)^Engine:Slots +2 +LLAVA_NUM_PARALLEL$", output);
    }

    [Fact]
    public async Task Pull_NoTerminal_ALineForEachTenth()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var manifest = registry.Put("latest", 3_000_000);
        registry.OnChunk = static () => Task.Delay(2);
        var (_, output, errors) = await RunAsync(0, "pull", registry.Name("latest").Full, "--insecure");
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var first = "pulling " + manifest.Layers[0].Digest.Hex[..12];

        Assert.Equal("", output);
        Assert.Equal(("pulling manifest", "success"), (lines[0], lines[^1]));
        Assert.InRange(lines.Count(line => line.StartsWith(first, StringComparison.Ordinal)), 2, 11);
        Assert.Contains($"{first} 100 % of 3 MB", lines);
        Assert.Equal("pull model manifest: file does not exist\n", (await RunAsync(1, "pull", registry.Name("nothing").Full, "--insecure")).Errors.Split("pulling manifest\n")[1]);
    }

    private static async Task<(string Output, string Errors)> ProgramAsync(int exitCode, Dictionary<string, string> environment, params string[] arguments)
    {
        string[] assignments = [.. environment.Select(static variable => $"{variable.Key}={variable.Value}")];
        Tool.Need("env");
        var (code, output, errors) = await Tool.RunAsync(
            AppContext.BaseDirectory, "env", ["-u", "LLAVA_HOST", "-u", "LLAVA_MODELS", .. assignments, "dotnet", Path.Combine(AppContext.BaseDirectory, "llava.dll"), .. arguments]);
        Assert.True(code == exitCode, errors);
        return (Encoding.UTF8.GetString(output).ReplaceLineEndings("\n"), errors.ReplaceLineEndings("\n"));
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(int exitCode, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "llava.dll");
        string[] host = arguments.Contains("--host") ? [] : ["--host", _server!.Address.Authority];
        var (code, output, errors) = await Tool.RunAsync(AppContext.BaseDirectory, "dotnet", [program, .. arguments, .. host]);
        Assert.True(code == exitCode, $"{string.Join(' ', arguments)}: {code}\n{errors}");
        return (code, Encoding.UTF8.GetString(output).ReplaceLineEndings("\n"), errors.ReplaceLineEndings("\n"));
    }
}
