using System.Text;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary><c>logprobs</c> and <c>top_logprobs</c> of chat and generate. The scripted engine is certain of one token in each place.</summary>
public sealed class OllamaLogprobsTests
{
    private const string Chat = "/api/chat";
    private const string Generate = "/api/generate";
    private const string Question = "\"model\":\"eye\",\"prompt\":\"Hi\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    [Theory]
    [InlineData(Chat)]
    [InlineData(Generate)]
    public async Task Whole_Asked_TokensJoinToTheAnswer(string path)
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "  Ein Bär." });
        var answer = (await server.PostAsync(path, $$"""{{{Question}},"stream":false,"logprobs":true,"top_logprobs":3}""")).Json;
        var tokens = answer.GetProperty("logprobs").EnumerateArray().ToList();
        Assert.Equal("Ein Bär.", string.Concat(tokens.Select(static token => token.GetProperty("token").GetString())));
        Assert.Equal("Ein Bär.", Encoding.UTF8.GetString([.. tokens.SelectMany(static token => token.GetProperty("bytes").EnumerateArray().Select(static value => value.GetByte()))]));
        Assert.All(tokens, static token =>
        {
            Assert.Equal(["token", "logprob", "bytes", "top_logprobs"], token.EnumerateObject().Select(static member => member.Name));
            var top = token.GetProperty("top_logprobs").EnumerateArray().ToList();
            Assert.Equal(3, top.Count);
            Assert.Equal(token.GetProperty("logprob").GetSingle(), top[0].GetProperty("logprob").GetSingle());
            Assert.Equal(top.Select(Logprob).OrderDescending(), top.Select(Logprob));
            Assert.InRange(Logprob(token), -0.1, 0);
            Assert.False(top[0].TryGetProperty("top_logprobs", out _));
        });
    }

    [Theory]
    [InlineData(Chat)]
    [InlineData(Generate)]
    public async Task Stream_Asked_EachLineHasTheTokensOfItsText(string path)
    {
        await using var server = await ScriptedServer.StartAsync();
        var lines = (await server.PostAsync(path, $$"""{{{Question}},"logprobs":true}""")).Lines;
        Assert.All(lines.SkipLast(1), line =>
        {
            var text = path == Chat ? line.GetProperty("message").GetProperty("content").GetString() : line.GetProperty("response").GetString();
            Assert.Equal(text, string.Concat(line.GetProperty("logprobs").EnumerateArray().Select(static token => token.GetProperty("token").GetString())));
            Assert.All(line.GetProperty("logprobs").EnumerateArray(), static token => Assert.False(token.TryGetProperty("top_logprobs", out _)));
        });
        Assert.False(lines[^1].TryGetProperty("logprobs", out _));
    }

    [Theory]
    [InlineData("\"logprobs\":false,\"top_logprobs\":2", "top_logprobs")]
    [InlineData("\"top_logprobs\":2,\"shift\":true,\"options\":{\"num_keep\":4}", "top_logprobs,shift,options.num_keep")]
    [InlineData("\"messages\":[{\"role\":\"assistant\",\"content\":\"x\",\"thinking\":\"y\"},{\"role\":\"user\",\"content\":\"Hi\"}]", "messages.thinking")]
    [InlineData("\"logprobs\":null,\"top_logprobs\":0,\"shift\":false", null)]
    public async Task NotAsked_NoTokensAndTheHeaderSaysSo(string members, string? ignored)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Chat, $$"""{{{Question}},"stream":false,{{members}}}""");
        Assert.False(reply.Json.TryGetProperty("logprobs", out _));
        Assert.Equal(ignored, reply.Headers.GetValueOrDefault("llava-ignored-params"));
    }

    private static double Logprob(JsonElement token) => token.GetProperty("logprob").GetDouble();
}
