using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Hosting;

/// <summary>Every engine process is killed as soon as it runs, for a while.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class CrashLoopTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static TheoryData<string> Engines => [.. EngineKinds.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task SCH16_KilledAgainAndAgain_UnavailableWithLastWordsThenRecovers(string kind)
    {
        EngineProcesses.SkipUnlessKnown();
        var token = TestContext.Current.CancellationToken;
        using var model = new RecoveryModel(kind);
        await using var server = await model.StartAsync("--threads", "1");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var peace = new CancellationTokenSource();
        var killing = KillAllAsync(server.ProcessId, peace.Token);

        var refusal = await AnswerAsync(client, static (status, text) => status == HttpStatusCode.ServiceUnavailable && text.Contains("Pool:BreakTime"), token);
        Assert.Contains("Its last words: The engine process ended (signal 9 SIGKILL).", refusal.Text, StringComparison.Ordinal);
        Assert.InRange(refusal.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));

        await peace.CancelAsync();
        await killing;
        var answer = await AnswerAsync(client, static (status, _) => status == HttpStatusCode.OK, token);
        Assert.Contains("\"finish_reason\":\"length\"", answer.Text, StringComparison.Ordinal);
    }

    private static async Task KillAllAsync(int serverId, CancellationToken peace)
    {
        while (!peace.IsCancellationRequested)
        {
            foreach (var engine in EngineProcesses.Of(serverId))
            {
                EngineProcesses.Kill(engine);
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>Asks until an answer is as expected.</summary>
    private static async Task<(string Text, TimeSpan? RetryAfter)> AnswerAsync(
        HttpClient client, Func<HttpStatusCode, string, bool> isExpected, CancellationToken token)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100, token))
        {
            var request = new JsonObject
            {
                ["model"] = RecoveryModel.Name,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Go on" }),
                ["max_tokens"] = 20,
                ["logit_bias"] = new JsonObject { ["2"] = -100 },
            };
            using var answer = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), JsonContent.Create(request), token);
            var text = await answer.Content.ReadAsStringAsync(token);
            if (isExpected(answer.StatusCode, text))
            {
                return (text, answer.Headers.RetryAfter?.Delta);
            }

            Assert.True(watch.Elapsed < Limit, $"The last answer is {answer.StatusCode}: {text}");
        }
    }
}
