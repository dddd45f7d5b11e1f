using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Endpoints.OpenAI;
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
    public async Task Think_AnswerWithAForm_ThoughtsAreFreeAndTheAnswerHoldsIt()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "<think>\nIs it {red}?\n</think>\n\n{\"a\":1}" }, store.Settings);
        foreach (var format in new[] { "\"json\"", """{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}""" })
        {
            var lines = (await server.PostAsync("/api/chat", $$"""{"model":"llava:7b","messages":[{"role":"user","content":"Hi"}],"format":{{format}},"logprobs":true}""")).Lines;
            Assert.Equal("Is it {red}?", string.Concat(lines.Select(static line => line.GetProperty("message").TryGetProperty("thinking", out var thought) ? thought.GetString() : "")));
            Assert.Equal("{\"a\":1}", string.Concat(lines.Select(static line => line.GetProperty("message").GetProperty("content").GetString())));
            Assert.Contains("/think ", server.Script.LastPrompt, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Context_ThoughtsAreInItAsTheModelWroteThem()
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        foreach (var stream in new[] { "true", "false" })
        {
            var last = (await server.PostAsync("/api/generate", $$"""{"model":"llava:7b","prompt":"Hi","stream":{{stream}}}""")).Lines[^1];
            await server.PostAsync("/api/generate", $$"""{"model":"llava:7b","prompt":"More","stream":false,"context":{{last.GetProperty("context").GetRawText()}}}""");
            Assert.Contains("Hi ASSISTANT: " + Answer + "/think USER: More", server.Script.LastPrompt, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Messages_ThoughtsOfTheAssistant_ReachTheTemplate()
    {
        using var store = new HandWrittenStore();
        store.AddLlava(template: "{{ range .Messages }}{{ .Role }}:{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }} {{ end }}ASSISTANT: ");
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        foreach (var (path, member) in new[] { ("/api/chat", "thinking"), ("/v1/chat/completions", "reasoning_content"), ("/v1/chat/completions", "reasoning") })
        {
            var body = $$"""{"model":"llava:7b","stream":false,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes.","{{member}}":"Hm."},{"role":"user","content":"So?"}]}""";
            using var response = await server.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains("assistant:<think>Hm.</think>Yes. user:So?", server.Script.LastPrompt, StringComparison.Ordinal);
            Assert.False(response.Headers.Contains("llava-ignored-params"));
        }
    }

    [Theory]
    [InlineData("", "", "Red is warm.", "A red circle.", null)]
    [InlineData("\"reasoning_format\":\"deepseek\"", "", "Red is warm.", "A red circle.", null)]
    [InlineData("\"reasoning_format\":\"none\"", "", null, Answer, null)]
    [InlineData("\"reasoning_effort\":\"minimal\"", "/thinklow ", "Red is warm.", "A red circle.", null)]
    [InlineData("\"reasoning_effort\":\"high\"", "/thinkhigh ", "Red is warm.", "A red circle.", null)]
    [InlineData("\"reasoning_effort\":\"none\"", "/nothink <think></think>", null, Answer, null)]
    [InlineData("\"reasoning_effort\":\"huge\"", "", "Red is warm.", "A red circle.", "reasoning_effort")]
    [InlineData("\"chat_template_kwargs\":{\"enable_thinking\":false}", "/nothink <think></think>", null, Answer, null)]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "", "Red is warm.", null, null)]
    [InlineData("\"logprobs\":true", "", "Red is warm.", "A red circle.", null)]
    public async Task OpenAI_Thoughts_StandBesideTheAnswer(string field, string start, string? thinking, string? content, string? ignored)
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        var question = OpenAIServer.Question(field + (field.Length > 0 ? "," : "") + "\"max_tokens\":100", model: "llava:7b", text: "Hi");
        using var response = await OpenAIServer.PostAsync(server, question);
        Assert.Contains(start + "USER: Hi ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Equal(ignored, response.Headers.TryGetValues("llava-ignored-params", out var names) ? string.Join(',', names) : null);
        var choice = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("choices")[0];
        var message = choice.GetProperty("message");
        Assert.Equal(thinking, message.TryGetProperty("reasoning_content", out var thought) ? thought.GetString() : null);
        var said = message.GetProperty("content").GetString();
        Assert.True(content is null ? said!.StartsWith('{') : said == content.TrimStart(), said);
        if (choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } probabilities)
        {
            Assert.Equal(said, string.Concat(probabilities.GetProperty("content").EnumerateArray().Select(static token => token.GetProperty("token").GetString())));
        }

        using var stream = await OpenAIServer.PostAsync(server, question[..^1] + ",\"stream\":true}");
        var deltas = (await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n').Where(static line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(static line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices")[0].GetProperty("delta")).ToList();
        Assert.Equal(thinking ?? "", string.Concat(deltas.Select(static delta => delta.TryGetProperty("reasoning_content", out var text) ? text.GetString() : "")));
        Assert.Equal(said, string.Concat(deltas.Select(static delta => delta.TryGetProperty("content", out var text) ? text.GetString() : "")));
    }

    [Theory]
    [InlineData(Answer, "", 29)]
    [InlineData("<think>\nRed</think>A red circle.", ",\"n\":2", 38)]
    [InlineData("A red circle.", "", 0)]
    [InlineData(Answer, ",\"max_tokens\":12", 12)]
    [InlineData(Answer, ",\"reasoning_format\":\"none\"", 0)]
    [InlineData(Answer, ",\"logprobs\":true", 29)]
    public async Task OpenAI_Usage_TokensOfThoughtsAreCounted(string answer, string member, int tokens)
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = _ => answer }, store.Settings);
        var question = "{\"model\":\"llava:7b\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + member;
        foreach (var way in new[] { "}", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}", ",\"stream\":true,\"timings_per_token\":true,\"stream_options\":{\"include_usage\":true}}" })
        {
            using var response = await OpenAIServer.PostAsync(server, question + way);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal([tokens], Regex.Matches(text, "\"reasoning_tokens\":(\\d+)").Select(static match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
            Assert.Equal(way.Contains("timings_per", StringComparison.Ordinal), Regex.Count(text, "\"timings\"") > 1);
        }

        if (member.Length == 0)
        {
            using var response = await OpenAIServer.PostAsync(server, """{"model":"llava:7b","input":"Hi"}""", "/v1/responses");
            Assert.Contains($"\"output_tokens_details\":{{\"reasoning_tokens\":{tokens}}}", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"llava:7b","input":"Hi","reasoning":{"effort":"high"}}""")]
    [InlineData("/v1/messages", """{"model":"llava:7b","max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}""")]
    public async Task OtherDialects_AnswerAlone(string path, string body)
    {
        using var store = Store();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => Answer }, store.Settings);
        foreach (var sent in new[] { body, body[..^1] + ",\"stream\":true}" })
        {
            using var response = await OpenAIServer.PostAsync(server, sent, path);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);

            // Pieces of a stream are characters.
            var said = string.Concat(Regex.Matches(text, "\"(?:delta|text)\":\"([^\"]*)\"").Select(static piece => piece.Groups[1].Value));
            Assert.StartsWith("A red circle.", said, StringComparison.Ordinal);
            Assert.DoesNotContain("warm", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ReasoningFormat_Unknown_RefusedByName()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var response = await OpenAIServer.PostAsync(server, OpenAIServer.Question("\"reasoning_format\":\"xml\""));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"param\":\"reasoning_format\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
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
