using System.ClientModel;
using System.Text;
using System.Text.Json;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Whole answers that take long, where the server was told to keep their connections alive.</summary>
public sealed class PatientAnswerTests
{
    private static readonly TimeSpan s_begin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_ping = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]", "chat.completion")]
    [InlineData("/v1/completions", "\"prompt\":\"x\"", "text_completion")]
    [InlineData("/v1/embeddings", "\"input\":\"x\"", "list")]
    [InlineData("/v1/responses", "\"input\":\"x\"", "response")]
    [InlineData("/v1/messages", "\"max_tokens\":16,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]", "message")]
    public async Task S7_2_LongAnswer_SpacesInFrontOfIt(string path, string fields, string kind)
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) });
        var sending = SendAsync(server, path, $$"""{"model":"eye",{{fields}}}""");
        await BeginAsync(server, time);
        Assert.False(sending.IsCompleted);
        time.Advance(s_begin);
        using var response = await sending;
        Assert.Equal((200, "application/json; charset=utf-8", null), ((int)response.StatusCode, response.Content.Headers.ContentType!.ToString(), response.Content.Headers.ContentLength));
        await using var body = await response.Content.ReadAsStreamAsync(Token);
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(' ', body.ReadByte());
            await time.WaitForTimerAsync(s_ping, i);
            time.Advance(s_ping);
        }

        Assert.Equal(' ', body.ReadByte());
        gate.Set();
        using var document = await JsonDocument.ParseAsync(body, cancellationToken: Token);
        Assert.Equal(kind, document.RootElement.GetProperty(path == "/v1/messages" ? "type" : "object").GetString());
    }

    [Fact]
    public async Task S7_2_LongAnswerFails_ConnectionBreaks()
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                gate.Wait(TimeSpan.FromSeconds(60));
                throw new InvalidOperationException("scripted fault");
            },
        });
        var sending = SendAsync(server, "/v1/chat/completions", OpenAIServer.Question());
        await BeginAsync(server, time);
        time.Advance(s_begin);
        using var response = await sending;
        gate.Set();
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync(Token));
        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task S7_2_FailureBeforeTheFirstSpace_IsAPlainAnswer()
    {
        await using var server = await StartAsync(new ObservedTime(), new ScriptedEngineFactory { OnDecode = static _ => throw new InvalidOperationException("scripted fault") });
        using var response = await SendAsync(server, "/v1/chat/completions", OpenAIServer.Question());
        await ErrorAssert.IsAsync(response, System.Net.HttpStatusCode.InternalServerError, "generation_failed", null);
    }

    [Fact]
    public async Task S7_2_OfficialClient_ReadsOverTheSpaces()
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) });
        var client = new ChatClient("eye", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") });
        var asking = client.CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: Token);
        await BeginAsync(server, time);
        time.Advance(s_begin);
        await time.WaitForTimerAsync(s_ping, 1);
        time.Advance(s_ping);
        gate.Set();
        Assert.Equal("A red circle.", (await asking).Value.Content[0].Text);
    }

    private static Task<ScriptedServer> StartAsync(ObservedTime time, ScriptedEngineFactory script) => ScriptedServer.StartAsync(
        script,
        new Dictionary<string, string?> { ["Llava:Streaming:WholeKeepAlive"] = "30s", ["Llava:Engine:StepTimeout"] = "1h", ["Llava:Logging:Level"] = "error" },
        services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));

    /// <summary>The model is there, or waiting for it would end by the same clock, and the request waits to be begun.</summary>
    private static async Task BeginAsync(ScriptedServer server, ObservedTime time)
    {
        while (server.Script.Steps == 0)
        {
            await Task.Delay(2, Token);
        }

        await time.WaitForTimerAsync(s_begin, 1);
    }

    private static Task<HttpResponseMessage> SendAsync(ScriptedServer server, string path, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
