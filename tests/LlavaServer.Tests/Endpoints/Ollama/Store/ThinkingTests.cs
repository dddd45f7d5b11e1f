using System.Net;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>A model of the store whose template has think markers, and takes text behind a gap.</summary>
public sealed class ThinkingTests
{
    private const string Template =
        "{{ if .Suffix }}<PRE>{{ .Prompt }}<SUF>{{ .Suffix }}<MID>{{ else }}{{ if .IsThinkSet }}{{ if .Think }}/think{{ .ThinkLevel }} {{ else }}/nothink <think></think>{{ end }}{{ end }}USER: {{ .Prompt }} ASSISTANT: {{ .Response }}{{ end }}";

    private const string Answer = "<think>\nRed is warm.\n</think>\n\nA red circle.";

    [Fact]
    public async Task TagsAndShow_Capabilities_InsertAndThinking()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var model = (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").EnumerateArray().Single(static model => model.GetProperty("name").GetString() == "llava:7b");
        const string expected = """["completion","insert","vision","thinking"]""";
        Assert.Equal(expected, model.GetProperty("capabilities").GetRawText());
        Assert.Equal(expected, (await server.PostAsync("/api/show", """{"model":"llava:7b"}""")).Json.GetProperty("capabilities").GetRawText());
    }

    [Theory]
    [InlineData("", "/think ", true)]
    [InlineData(",\"think\":true", "/think ", true)]
    [InlineData(",\"think\":\"high\"", "/thinkhigh ", true)]
    [InlineData(",\"think\":null", "/think ", true)]
    [InlineData(",\"think\":false", "/nothink <think></think>", false)]
    public async Task Think_Value_ReachesTheTemplateAndPartsTheAnswer(string member, string start, bool isParted)
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        var (thinking, content) = isParted ? ("Red is warm.", "A red circle.") : (null, Answer);

        var whole = (await server.PostAsync("/api/chat", $$"""{"model":"llava:7b","messages":[{"role":"user","content":"Hi"}],"stream":false{{member}}}""")).Json.GetProperty("message");
        Assert.Contains(start + "USER: Hi ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Equal(content, whole.GetProperty("content").GetString());
        Assert.Equal(thinking, whole.TryGetProperty("thinking", out var thought) ? thought.GetString() : null);

        var lines = (await server.PostAsync("/api/generate", $$"""{"model":"llava:7b","prompt":"Hi"{{member}}}""")).Lines;
        Assert.Equal(content, string.Concat(lines.Select(static line => line.GetProperty("response").GetString())));
        Assert.Equal(thinking ?? "", string.Concat(lines.Select(static line => line.TryGetProperty("thinking", out var thought) ? thought.GetString() : "")));
        Assert.True(lines[^1].GetProperty("done").GetBoolean());
        Assert.Equal(isParted, lines.Any(static line => line.TryGetProperty("thinking", out _)));
    }

    [Fact]
    public async Task Think_WrongValues_OllamasTexts()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi","think":"hard"}""")).AssertError(
            HttpStatusCode.BadRequest, "invalid think value: \"hard\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
        (await server.PostAsync("/api/chat", """{"model":"llava:7b","messages":[{"role":"user","content":"Hi"}],"think":1}""")).AssertError(
            HttpStatusCode.BadRequest, "think must be a boolean or string (\"high\", \"medium\", \"low\", \"max\", true, or false)");
        (await server.PostAsync("/api/generate", """{"model":"eye","prompt":"Hi","think":"low"}""")).AssertError(
            HttpStatusCode.BadRequest, "\"eye\" does not support thinking");
    }

    [Fact]
    public async Task Think_AnswerWithAForm_SwitchedOffAndSaid()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "{}" }, store.Settings);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/generate")
        {
            Content = new StringContent("""{"model":"llava:7b","prompt":"Hi","think":true,"format":"json","stream":false,"options":{"num_predict":5}}"""),
        };
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("/nothink", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Equal("think", Assert.Single(response.Headers.GetValues("llava-ignored-params")));
    }

    [Fact]
    public async Task Think_RawPromptOrGap_TextIsAsItIs()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        foreach (var members in new[] { "\"raw\":true", "\"suffix\":\"b\"" })
        {
            var answer = (await server.PostAsync("/api/generate", $$"""{"model":"llava:7b","prompt":"a","stream":false,{{members}}}""")).Json;
            Assert.Equal(Answer, answer.GetProperty("response").GetString());
            Assert.False(answer.TryGetProperty("thinking", out _));
        }
    }

    private static HandWrittenStore Store()
    {
        var store = new HandWrittenStore();
        store.AddLlava(template: Template);
        return store;
    }
}
