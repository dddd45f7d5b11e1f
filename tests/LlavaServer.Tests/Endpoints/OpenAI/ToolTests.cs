using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Tools over the wire, over a model that says what the test wants: whole answers and streams member by member, conversations with results.</summary>
public sealed partial class ToolTests : IAsyncLifetime
{
    private const string Tools =
        "\"tools\":" + """[{"type":"function","function":{"name":"weather","description":"Weather","parameters":{"type":"object","properties":{"city":{"type":"string","maxLength":9}},"required":["city"],"additionalProperties":false}}},{"type":"function","function":{"name":"time"}}]""";

    private const string Oslo = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
    private const string Time = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";

    private ScriptedServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ScriptedServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 4096 });

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task Post_WholeAnswerWithCalls_HasThemAndNoContent()
    {
        Server.Script.Answer = static _ => Oslo + "\n" + Time;
        var choice = await ChoiceAsync(Tools);
        Assert.Equal(
            """{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Oslo\"}"}},{"id":"call_","type":"function","function":{"name":"time","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}""",
            WithoutIds(choice));
    }

    [Fact]
    public async Task Post_TextBeforeACall_IsContent()
    {
        Server.Script.Answer = static _ => " Let me look.\n\n" + Time;
        var choice = WithoutIds(await ChoiceAsync(Tools));
        Assert.StartsWith("""{"index":0,"message":{"role":"assistant","content":"Let me look.","refusal":null,"tool_calls":[{"id":"call_",""", choice, StringComparison.Ordinal);
        Server.Script.Answer = static _ => "It is noon.";
        Assert.Equal(
            """{"index":0,"message":{"role":"assistant","content":"It is noon.","refusal":null},"logprobs":null,"finish_reason":"stop"}""", WithoutIds(await ChoiceAsync(Tools)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"stream_options\":{\"include_usage\":true}")]
    public async Task Post_StreamOfCalls_IsMemberByMemberAsTheDialectSays(string options)
    {
        Server.Script.Answer = static _ => "Hm " + Time + Oslo;
        using var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question(Tools + ",\"stream\":true" + options));
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        var events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        var deltas = events[..^1].Select(Choices).Where(static choice => choice != "[]").ToList();
        string Delta(string delta) => $$"""[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":null}]""";
        var calls = deltas.FindIndex(static d => d.Contains("tool_calls", StringComparison.Ordinal));
        Assert.Equal(Delta("""{"role":"assistant","content":"","refusal":null}"""), deltas[0]);
        Assert.Equal("Hm", string.Concat(deltas[1..calls].Select(static d => JsonDocument.Parse(d).RootElement[0].GetProperty("delta").GetProperty("content").GetString())));
        Assert.Equal(Delta("""{"tool_calls":[{"index":0,"id":"call_","type":"function","function":{"name":"time","arguments":""}}]}"""), deltas[calls]);
        Assert.Equal(Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"""), deltas[calls + 1]);
        Assert.Equal(Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"""), deltas[calls + 2]);
        Assert.Equal(Delta("""{"tool_calls":[{"index":1,"id":"call_","type":"function","function":{"name":"weather","arguments":""}}]}"""), deltas[calls + 3]);
        Assert.Equal("""[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]""", deltas[^1]);
        var arguments = deltas[(calls + 4)..^1].Select(static d => JsonDocument.Parse(d).RootElement[0].GetProperty("delta").GetProperty("tool_calls")[0]);
        Assert.Equal("{\"city\": \"Oslo\"}", string.Concat(arguments.Select(static c => c.GetProperty("function").GetProperty("arguments").GetString())));
        Assert.All(events[..^1], e => Assert.Equal(options.Length > 0, e.Contains("\"usage\":", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(",\"tool_choice\":\"none\"", "content")]
    [InlineData(",\"tool_choice\":\"required\"", "tool_calls")]
    [InlineData(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}", "weather")]
    [InlineData(",\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"time\"}}]}}", "time")]
    public async Task Post_Choice_IsKeptWhateverTheModelWants(string choice, string expected)
    {
        Server.Script.Answer = _ => expected == "content" ? Time : "I would rather talk.";
        var message = JsonDocument.Parse(await ChoiceAsync(Tools + choice + ",\"max_tokens\":400,\"temperature\":0,\"parallel_tool_calls\":false")).RootElement.GetProperty("message");
        if (expected == "content")
        {
            Assert.Equal(Time, message.GetProperty("content").GetString());
            Assert.False(message.TryGetProperty("tool_calls", out _));
            Assert.DoesNotContain("weather", Server.Script.LastPrompt, StringComparison.Ordinal);
            return;
        }

        var call = Assert.Single(message.GetProperty("tool_calls").EnumerateArray()).GetProperty("function");
        Assert.True(expected == "tool_calls" || call.GetProperty("name").GetString() == expected);
        using var arguments = JsonDocument.Parse(call.GetProperty("arguments").GetString()!);
        Assert.Equal(JsonValueKind.Object, arguments.RootElement.ValueKind);
    }

    [Fact]
    public async Task Post_ConversationWithResults_ReachesTheModelInOrder()
    {
        using var response = await OpenAIServer.PostAsync(Server, $$$"""
            {"model":"eye",{{{Tools}}},"messages":[{"role":"user","content":"Weather?"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},{"id":"call_b","type":"function","function":{"name":"time","arguments":""}}]},
            {"role":"tool","tool_call_id":"call_a","content":"snow"},{"role":"tool","tool_call_id":"call_b","content":[{"type":"text","text":"noon"}]}]}
            """);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.EndsWith(
            "USER: Weather? ASSISTANT: <tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call></s>"
            + "USER: <tool_response>\nsnow\n</tool_response>\n<tool_response>\nnoon\n</tool_response> ASSISTANT:",
            Server.Script.LastPrompt,
            StringComparison.Ordinal);
        Assert.Contains("{\"name\":\"time\"}\n</tools>", Server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_CutCall_IsLengthAndPieces()
    {
        Server.Script.Answer = static _ => Oslo;
        var choice = JsonDocument.Parse(await ChoiceAsync(Tools + ",\"max_tokens\":50")).RootElement;
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("{\"cit", choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString());
    }

    [Fact]
    public async Task Post_SeveralChoicesAndLogProbabilities_EachHasItsOwn()
    {
        Server.Script.Answer = static _ => "Hm " + Time;
        using var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question(Tools + ",\"n\":2,\"logprobs\":true"));
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        foreach (var choice in answer.RootElement.GetProperty("choices").EnumerateArray())
        {
            Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
            Assert.Equal("Hm", string.Concat(choice.GetProperty("logprobs").GetProperty("content").EnumerateArray().Select(static t => t.GetProperty("token").GetString())));
        }
    }

    [Fact]
    public async Task Post_StreamOfSeveralChoices_EachCallsOnItsOwn()
    {
        Server.Script.Answer = static _ => Oslo + Time;
        using var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question(Tools + ",\"n\":2,\"stream\":true"));
        var events = (await response.Content.ReadAsStringAsync(Cancelled)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var choices = events[..^1].Select(Choices).Select(static c => JsonDocument.Parse(c).RootElement[0]).ToLookup(static c => c.GetProperty("index").GetInt32());
        Assert.Equal(2, choices.Count);
        foreach (var choice in choices)
        {
            Assert.Equal("assistant", choice.First().GetProperty("delta").GetProperty("role").GetString());
            Assert.Equal("tool_calls", choice.Last().GetProperty("finish_reason").GetString());
            var calls = choice.Skip(1).SkipLast(1).Select(static c => c.GetProperty("delta").GetProperty("tool_calls")[0]).ToLookup(static c => c.GetProperty("index").GetInt32());
            Assert.Equal(["{\"city\": \"Oslo\"}", "{}"], calls.OrderBy(static c => c.Key).Select(static c => string.Concat(c.Select(static d => d.GetProperty("function").GetProperty("arguments").GetString()))));
        }
    }

    [Theory]
    [InlineData("\"reasoning_effort\":\"none\"", "reasoning_effort")]
    [InlineData("\"reasoning_effort\":\"high\"", "reasoning_effort")]
    [InlineData("\"chat_template_kwargs\":{\"mood\":\"good\"}", "chat_template_kwargs.mood")]
    public async Task Post_TemplateVariable_ListedWhereTheTemplateDoesNotReadIt(string field, string ignored)
    {
        using var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question(field));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ignored, Assert.Single(response.Headers.GetValues("llava-ignored-params")));
    }

    private static string Choices(string data)
    {
        using var chunk = JsonDocument.Parse(data["data: ".Length..]);
        return WithoutIds(chunk.RootElement.GetProperty("choices").GetRawText());
    }

    // What is random: an id that has its form.
    private static string WithoutIds(string text) => CallId().Replace(text, "\"call_\"");

    private async Task<string> ChoiceAsync(string fields)
    {
        using var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question(fields));
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.IsSuccessStatusCode, body);
        using var answer = JsonDocument.Parse(body);
        var usage = answer.RootElement.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
        return Assert.Single(answer.RootElement.GetProperty("choices").EnumerateArray()).GetRawText();
    }

    [GeneratedRegex("\"call_[A-Za-z0-9]{24}\"")]
    private static partial Regex CallId();
}
