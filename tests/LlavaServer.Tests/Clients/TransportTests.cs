using System.ClientModel;
using System.Text;
using System.Text.Json.Nodes;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Scripted;
using OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.Clients;

/// <summary>What the official clients make of refused uploads, failing streams, long silence and loading models: the real server, engines by a script.</summary>
public sealed class TransportTests
{
    /// <summary>What a client waits for without a byte, instead of its 100 s and more.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S15_2_OpenAINode_UploadOf100MB_Sees413TenTimesOfTenAndNeverSendsAgain()
    {
        await using var server = await ScriptedServer.StartAsync();
        var report = await RunAsync("openai6", "upload", server);
        Assert.Equal(
            Enumerable.Repeat((413, "request_too_large"), 10),
            report["report"]!.AsArray().Select(static one => ((int)one!["status"]!, (string)one["code"]!)));
        Assert.Equal(10, (int)report["tries"]!);
    }

    [Theory]
    [InlineData("openai6")]
    [InlineData("openai7")]
    public async Task S15_13_OpenAINode_EngineFailsMidStream_SeesTheCodeAfterTheTextAndSlotIsFree(string package)
    {
        var steps = 0;
        var script = new ScriptedEngineFactory { OnDecode = _ => ThrowAfter(ref steps, 8) };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Logging:Level"] = "error" });
        var report = await RunAsync(package, "fault", server);
        Assert.Equal(("APIError", "generation_failed", 1), ((string)report["name"]!, (string)report["code"]!, (int)report["tries"]!));
        Assert.StartsWith("A red", (string)report["text"]!, StringComparison.Ordinal);
        await server.AssertIdleAsync();
    }

    /// <summary>Without the early headers the client would give up after its timeout.</summary>
    [Theory]
    [InlineData("openai7", true)]
    [InlineData("openai7", false)]
    public async Task S15_12_OpenAINode_PromptTakesLongerThanItsTimeout_StreamSurvivesForItHasBegun(string package, bool begins)
    {
        await using var server = await StartSlowAsync(begins ? "100ms" : "10m", "100ms");
        var report = await RunAsync(package, "slow", server);
        if (begins)
        {
            Assert.Equal("A red circle.", (string)report["text"]!);
        }
        else
        {
            Assert.Equal("APIConnectionTimeoutError", (string)report["name"]!);
        }
    }

    /// <summary>Comments are what its timeout between two reads needs: without them it gives up.</summary>
    [Theory]
    [InlineData("100ms", true)]
    [InlineData("10m", false)]
    public async Task S15_12_OpenAIDotNet_PromptTakesLongerThanItsTimeout_StreamSurvivesByComments(string interval, bool survives)
    {
        await using var server = await StartSlowAsync("100ms", interval);
        var client = new ChatClient("eye", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1"), NetworkTimeout = s_patience });
        var text = new StringBuilder();
        async Task ReadAsync()
        {
            await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Hello")], cancellationToken: Token))
            {
                text.AppendJoin("", update.ContentUpdate.Select(static part => part.Text));
            }
        }

        if (survives)
        {
            await ReadAsync();
            Assert.Equal("A red circle.", text.ToString());
        }
        else
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(ReadAsync);
        }
    }

    /// <summary>A model that loads for longer than whole answers wait is asked for again when the server said, and answers then.</summary>
    [Theory]
    [InlineData("openai6")]
    [InlineData("openai7")]
    public async Task S7_4_OpenAINode_ModelLoads_ComesAgainAndIsAnswered(string package)
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnLoad = token => gate.Wait(TimeSpan.FromSeconds(60), token) };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Pool:LoadWait"] = "200ms", ["Llava:Logging:Level"] = "error" });
        var running = RunAsync(package, "loading", server);
        while (script.Loads == 0)
        {
            await Task.Delay(5, Token);
        }

        await Task.Delay(500, Token);
        gate.Set();
        var report = await running;
        Assert.Equal("A red circle.", (string)report["text"]!);
        Assert.InRange((int)report["tries"]!, 1, 3);
        Assert.Equal(1, script.Loads);
    }

    private static Task<ScriptedServer> StartSlowAsync(string commitDelay, string pingInterval)
    {
        var isFirst = 1;
        return ScriptedServer.StartAsync(
            new ScriptedEngineFactory
            {
                OnDecode = _ =>
                {
                    if (Interlocked.Exchange(ref isFirst, 0) == 1)
                    {
                        Thread.Sleep(s_silence);
                    }
                },
            },
            new Dictionary<string, string?> { ["Llava:Streaming:CommitDelay"] = commitDelay, ["Llava:Streaming:PingInterval"] = pingInterval });
    }

    private static void ThrowAfter(ref int steps, int count)
    {
        if (Interlocked.Increment(ref steps) > count)
        {
            throw new InvalidOperationException("scripted fault");
        }
    }

    private static async Task<JsonNode> RunAsync(string package, string scenario, ScriptedServer server)
    {
        var folder = await NodePackages.FolderAsync("Clients");
        var (exitCode, output, errors) = await Tool.RunAsync(folder, "node", ["transport.mjs", package, scenario, server.Address.ToString()]);
        Assert.True(exitCode == 0, errors);
        return JsonNode.Parse(Encoding.UTF8.GetString(output))!;
    }
}
