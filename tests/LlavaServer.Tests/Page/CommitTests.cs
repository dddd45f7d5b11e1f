using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Page;

/// <summary>When a stream begins whose caller wants to see the waiting, as the page does.</summary>
public sealed class CommitTests
{
    /// <summary>Longer than a test may take: what is answered before did not wait for it.</summary>
    private static readonly Dictionary<string, string?> s_late = new() { ["Llava:Streaming:CommitDelay"] = "60s" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task W71_ProgressIsAskedFor_BeginsBeforeTheUsualDelayAndTellsLoading()
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { OnLoad = _ => gate.Wait(Token) }, s_late);
        using var plain = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var usual = SendAsync(server, "\"stream\":true", plain.Token);
        using var response = await SendAsync(server, "\"stream\":true,\"return_progress\":true", Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.Contains("\"role\":\"assistant\"", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
        await lines.ReadLineAsync(Token);
        Assert.Contains("\"phase\":\"loading\"", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
        Assert.False(usual.IsCompleted);
        gate.Set();
        await plain.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => usual);
    }

    [Theory]
    [InlineData("none", "What is this?", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("eye", "long", HttpStatusCode.BadRequest, "context_length_exceeded")]
    public async Task W71_RefusalKnownAtAdmission_KeepsItsStatus(string model, string text, HttpStatusCode status, string code)
    {
        await using var server = await ScriptedServer.StartAsync(settings: s_late);
        using var response = await SendAsync(server, "\"stream\":true,\"return_progress\":true", Token, model, text == "long" ? new string('a', 2000) : text);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains($"\"code\":\"{code}\"", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SendAsync(ScriptedServer server, string fields, CancellationToken cancellationToken, string model = "eye", string text = "What is this?") =>
        server.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(OpenAIServer.Question(fields, model, text), Encoding.UTF8, "application/json") },
            HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);
}
