using System.Diagnostics;
using System.Net;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaHostileInputTests
{
    private static readonly string[] Routes = ["/api/chat", "/api/generate", "/api/show", "/api/embed", "/api/embeddings"];

    [Theory]
    [InlineData("{\"model\":\"eye\"")]
    [InlineData("{\"model\":\"\\ud83d\"}")]
    [InlineData("{\"model\":\"eye\",}")]
    [InlineData("[1]")]
    [InlineData("\"eye\"")]
    [InlineData("{\"model\":\"eye\",\"options\":{\"num_ctx\":1e999999}")]
    [InlineData("{'model':'eye'}")]
    public async Task NET13_BrokenJson_400(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        foreach (var route in Routes)
        {
            var reply = await server.PostAsync(route, json);
            Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
            Assert.NotEmpty(reply.Error());
        }

        Assert.Equal(0, server.Script.Loads);
    }

    [Fact]
    public async Task NET13_FourMegabytesOfBrackets_400AtOnce()
    {
        await using var server = await ScriptedServer.StartAsync();
        var bombs = new[] { new string('[', 4_000_000), "{\"model\":" + new string('[', 4_000_000) };
        await server.PostAsync("/api/chat", bombs[0][..100]);
        foreach (var bomb in bombs)
        {
            var started = Stopwatch.GetTimestamp();
            Assert.Equal(HttpStatusCode.BadRequest, (await server.PostAsync("/api/chat", bomb)).Status);
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
        }
    }

    [Theory]
    [InlineData("num_predict")]
    [InlineData("num_ctx")]
    [InlineData("num_keep")]
    [InlineData("seed")]
    [InlineData("top_k")]
    [InlineData("repeat_last_n")]
    [InlineData("num_batch")]
    [InlineData("temperature")]
    [InlineData("top_p")]
    [InlineData("min_p")]
    [InlineData("typical_p")]
    [InlineData("repeat_penalty")]
    [InlineData("presence_penalty")]
    [InlineData("frequency_penalty")]
    public async Task NET14_Option_ExtremeNumbers_200Or400(string name)
    {
        await using var server = await ScriptedServer.StartAsync();
        foreach (var value in (string[])["0", "-0.0", "-1", "-2", "1", "2147483647", "2147483648", "-2147483649", "9223372036854775808", "-1e308", "1e308", "1e999", "1e-40"])
        {
            var reply = await server.PostAsync("/api/generate", $$$"""{"model":"eye","prompt":"Hi","stream":false,"options":{"{{{name}}}":{{{value}}}}}""");
            Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{name} {value}: {reply.Status} {reply.Body}");
        }
    }

    [Theory]
    [InlineData("top_logprobs")]
    [InlineData("keep_alive")]
    public async Task NET14_Member_ExtremeNumbers_200Or400(string name)
    {
        await using var server = await ScriptedServer.StartAsync();
        foreach (var value in (string[])["-1", "0", "20", "21", "1.5", "2147483648", "9223372036854775808", "1e308", "1e999", "-1e308", "-0.0"])
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Hi","stream":false,"{{name}}":{{value}}}""");
            Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{name} {value}: {reply.Status} {reply.Body}");
        }
    }

    [Theory]
    [InlineData(0, "", "length")]
    [InlineData(1, "A", "length")]
    [InlineData(-1, "A red circle.", "stop")]
    [InlineData(-2, "A red circle.", "stop")]
    public async Task NumPredict_Values_AsMany(int numPredict, string response, string reason)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", $$$"""{"model":"eye","prompt":"Hi","stream":false,"options":{"num_predict":{{{numPredict}}}}}""");
        Assert.Equal((response, reason), (reply.Json.GetProperty("response").GetString(), reply.Json.GetProperty("done_reason").GetString()));
    }

    [Fact]
    public async Task LIM1_Body_OneOverLimit413()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:MaxRequestBodyBytes"] = "2048" });
        var body = """{"model":"eye","prompt":"Hi","stream":false,"x":"PAD"}""";
        string Padded(int bytes) => body.Replace("PAD", new string('x', bytes - body.Length + 3), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", Padded(2048))).Status);
        var refused = await server.PostAsync("/api/generate", Padded(2049));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.Status);
        Assert.Contains("Limits:MaxRequestBodyBytes", refused.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_LongNames_Cut()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Hi","think":"{{new string('x', 100_000)}}"}""");
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.True(reply.Body.Length < 2000);
    }
}
