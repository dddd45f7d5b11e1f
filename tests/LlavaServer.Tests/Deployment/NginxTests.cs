using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlavaServer.Configuration;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Deployment;

/// <summary>P2: the nginx sample before three servers.</summary>
public sealed class NginxTests : IAsyncLifetime
{
    private const string Chat = "v1/chat/completions";

    private readonly ManualResetEventSlim _gate = new(true);
    private readonly List<ScriptedServer> _servers = [];
    private NginxProxy? _proxy;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Tool.Need("nginx");
        for (var i = 0; i < 3; i++)
        {
            var name = (char)('a' + i);
            var steps = 0;
            _servers.Add(await ScriptedServer.StartAsync(new ScriptedEngineFactory
            {
                Answer = _ => new string(name, 8),
                OnDecode = _ =>
                {
                    if (++steps > 3)
                    {
                        _gate.Wait(TimeSpan.FromSeconds(20));
                    }
                },
            }));
        }

        _proxy = await NginxProxy.StartAsync([.. _servers.Select(static server => server.Address)], Token);
    }

    public async ValueTask DisposeAsync()
    {
        _gate.Set();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _gate.Dispose();
    }

    /// <summary>The engine goes on only when what it has written so far has arrived.</summary>
    [Fact]
    public async Task P2_Stream_IsPassedOnAsItIsWritten()
    {
        _gate.Reset();
        using var request = Question("one", OpenAIServer.Question("\"stream\":true,\"sse_ping_interval\":-1"));
        using var response = await _proxy!.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.NotEqual("", await reader.ReadLineAsync(Token));
        _gate.Set();
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task P2_Prefix_ReachesTheSameRoutes()
    {
        using var response = await _proxy!.Client.SendAsync(Question("one", OpenAIServer.Question(), "llava/" + Chat), Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var metrics = await _proxy.Client.GetAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, metrics.StatusCode);
    }

    [Fact]
    public async Task P2_Body_IsRefusedAtTheServersLimit()
    {
        var limit = new LimitsOptions().MaxRequestBodyBytes;
        Assert.Contains($"client_max_body_size {limit >> 20}m;", await File.ReadAllTextAsync(Path.Combine(Repository.Top!, "deploy", "nginx", "llava.conf"), Token), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = new ByteArrayContent(new byte[limit + 1]) };
        request.Headers.ExpectContinue = true;
        using var response = await _proxy!.Client.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task P2_Affinity_StaysAndMovesOnlyFromALostServer()
    {
        string[] keys = [.. Enumerable.Range(0, 30).Select(static i => $"conversation {i}")];
        var before = await WhoAnswersAsync(keys);
        Assert.Equal(["a", "b", "c"], before.Distinct().Order());
        Assert.Equal(before, await WhoAnswersAsync(keys));

        await _servers[2].DisposeAsync();
        _servers.RemoveAt(2);
        var after = await WhoAnswersAsync(keys);
        Assert.All(before.Zip(after), static pair => Assert.True(pair.Second == pair.First || pair.First == "c", $"{pair.First} became {pair.Second}"));
        Assert.DoesNotContain("c", after);
    }

    private static HttpRequestMessage Question(string affinity, string body, string path = Chat)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Llava-Affinity", affinity);
        return request;
    }

    private async Task<List<string>> WhoAnswersAsync(IEnumerable<string> keys)
    {
        var names = new List<string>();
        foreach (var key in keys)
        {
            using var request = Question(key, OpenAIServer.Question());
            using var response = await _proxy!.Client.SendAsync(request, Token);
            var body = await response.Content.ReadAsStringAsync(Token);
            Assert.True(response.IsSuccessStatusCode, body);
            names.Add(((string)JsonNode.Parse(body)!["choices"]![0]!["message"]!["content"]!)[..1]);
        }

        return names;
    }
}
