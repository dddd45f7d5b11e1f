using System.Net;
using System.Text;
using LlavaServer.Tests.Edge;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Logging;

/// <summary>What the server prints while it answers. Reads the process's output, so nothing runs beside it.</summary>
[Collection(nameof(Alone))]
public sealed class RequestLogTests
{
    private const string Marker = "XyzzyMarker";

    [Fact]
    public async Task O40_O44_RequestLine_HasFieldsAndNoContent()
    {
        var (lines, _) = await CaptureAsync("information");
        var line = Assert.Single(lines, static line => line.Contains("\"Path\":\"/v1/chat/completions\"", StringComparison.Ordinal) && line.Contains("\"Status\":200", StringComparison.Ordinal));
        foreach (var field in (string[])["RequestId", "Api\":\"openai.chat", "Model\":\"eye:latest", "Stream\":true", "Outcome\":\"ok", "FinishReason\":\"stop", "Images\":1", "ImageBytes", "ImageRows\":4", "PromptTokens", "CachedTokens", "CompletionTokens", "QueueMs", "EncodeMs", "PrefillMs", "TtftMs", "DecodeMs", "TotalMs", "KeyName\":\"tester", "Client\":\"127.0.0.1"])
        {
            Assert.Contains('"' + field, line, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("information")]
    [InlineData("debug")]
    public async Task O32_O42_O44_MarkersInRequests_NeverReachTheLog(string level)
    {
        var (lines, all) = await CaptureAsync(level);
        Assert.NotEmpty(lines);
        Assert.DoesNotContain(Marker, all, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task S7_3_ClientLeaves_LoggedAs499WithTheNumberOfItsTry()
    {
        var console = Console.Out;
        using var captured = new StringWriter();
        var output = TextWriter.Synchronized(captured);
        Console.SetOut(output);
        try
        {
            using var gate = new ManualResetEventSlim();
            await using var server = await ScriptedServer.StartAsync(
                new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) },
                new Dictionary<string, string?> { ["Llava:Logging:Level"] = "information", ["Llava:Logging:Format"] = "json" });
            using var leave = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(OpenAIServer.Question(), Encoding.UTF8, "application/json") };
            request.Headers.Add("x-stainless-retry-count", "2");
            var sending = server.Client.SendAsync(request, leave.Token);
            while (server.Script.Steps == 0)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            await server.AssertIdleAsync();
            gate.Set();
        }
        finally
        {
            Console.SetOut(console);
        }

        var line = Assert.Single(captured.ToString().Split('\n'), static line => line.Contains("\"Path\":\"/v1/chat/completions\"", StringComparison.Ordinal));
        foreach (var field in (string[])["\"Status\":499", "\"Outcome\":\"cancelled\"", "\"RetryCount\":2", "\"Api\":\"openai.chat\""])
        {
            Assert.Contains(field, line, StringComparison.Ordinal);
        }
    }

    private static async Task<(List<string> Lines, string All)> CaptureAsync(string level)
    {
        var console = Console.Out;
        using var captured = new StringWriter();
        Console.SetOut(TextWriter.Synchronized(captured));
        try
        {
            await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
            {
                ["Llava:Logging:Level"] = level,
                ["Llava:Logging:Format"] = "json",
                ["Llava:Security:ApiKeys"] = "tester:" + Marker,
            });
            var part = "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + TestPictures.DataUrl() + "\"}}";
            var good = "{\"model\":\"eye\",\"stream\":true,\"user\":\"" + Marker + "\",\"messages\":[{\"role\":\"system\",\"content\":\"" + Marker
                + "\"},{\"role\":\"user\",\"name\":\"" + Marker + "\",\"content\":[{\"type\":\"text\",\"text\":\"" + Marker + "\"}," + part + "]}]}";
            foreach (var body in (string[])[
                good,
                good[..^3],
                good.Replace("data:image/png;base64,", "data:image/png;base64," + Marker + "!", StringComparison.Ordinal),
                good.Replace("data:image/png;base64,", "https://" + Marker + ".example.org/", StringComparison.Ordinal),
                OpenAIServer.Question("\"stop\":5", text: Marker),
                OpenAIServer.Question("\"" + Marker + "\":1,\"grammar\":\"" + Marker + "\"")])
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                request.Headers.Add("Authorization", "Bearer " + Marker);
                request.Headers.Add("User-Agent", Marker);
                using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{response.StatusCode}");
                await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            Console.SetOut(console);
        }

        var text = captured.ToString();
        return ([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)], text);
    }
}
