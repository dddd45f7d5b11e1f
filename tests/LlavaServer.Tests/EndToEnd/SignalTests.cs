using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>A service manager ends the server while it answers.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class SignalTests(EndlessServer endless)
{
    [Fact]
    public async Task Terminate_WhileStreaming_FinishesTheAnswer()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        var token = TestContext.Current.CancellationToken;
        await using var server = await endless.StartAnotherAsync();
        using var client = new HttpClient { BaseAddress = server.Address };
        using var answer = await StreamAsync(client, 400);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(token));
        await reader.ReadLineAsync(token);
        var exit = server.TerminateAsync(TimeSpan.FromSeconds(60));
        var rest = await reader.ReadToEndAsync(token);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"length\"", rest, StringComparison.Ordinal);
        Assert.Equal(0, await exit);
    }

    [Fact]
    public async Task Terminate_Twice_EndsAtOnceWith130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        var token = TestContext.Current.CancellationToken;
        await using var server = await endless.StartAnotherAsync();
        using var client = new HttpClient { BaseAddress = server.Address };
        using var answer = await StreamAsync(client, 16_000);
        await server.SignalAsync();
        while (!server.Log.Contains("Stopping", StringComparison.Ordinal))
        {
            await Task.Delay(20, token);
        }

        Assert.Equal(130, await server.TerminateAsync(TimeSpan.FromSeconds(60)));
    }

    private static Task<HttpResponseMessage> StreamAsync(HttpClient client, int tokens)
    {
        var request = new JsonObject
        {
            ["model"] = EndlessServer.Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Go on" }),
            ["stream"] = true,
            ["max_tokens"] = tokens,
            ["temperature"] = 0,
        };
        var message = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(request) };
        return client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
