using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Inference;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Anthropic;

/// <summary>Whole messages over a model that says what the test wants: what the model is shown, what comes back, and every refusal.</summary>
public sealed partial class MessageTests : IAsyncLifetime
{
    private const string Tools = """
        "tools":[{"name":"weather","description":"Weather","input_schema":{"type":"object","properties":{"city":{"type":"string","maxLength":9}},"required":["city"],"additionalProperties":false}},{"name":"time","input_schema":{"type":"object","additionalProperties":false}}]
        """;

    private const string Time = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";
    private const string Oslo = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";

    private ScriptedServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ScriptedServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 4096 });

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task Post_Question_WholeMessageMemberByMember()
    {
        var (response, body) = await PostAsync(OpenAIServer.Question("\"max_tokens\":50"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            """{"id":"msg_ID","type":"message","role":"assistant","model":"eye","content":[{"type":"text","text":"A red circle.","citations":null}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":N,"cache_creation_input_tokens":0,"cache_read_input_tokens":N,"output_tokens":N,"service_tier":"standard"}}""",
            Normalised(body));
        Assert.Equal(response.Headers.GetValues("x-request-id"), response.Headers.GetValues("request-id"));
        Assert.False(response.Headers.Contains("llava-ignored-params"));
    }

    [Fact]
    public async Task Post_SystemPicturesAndTurns_ShownInTheirOrder()
    {
        await PostAsync($$$"""
            {"model":"eye","max_tokens":9,"system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],
             "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Base64}}}"}},{"type":"text","text":"What?"}]},
                         {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"A cat."}]},
                         {"role":"user","content":"And now?"}]}
            """);
        var prompt = Server.Script.LastPrompt;
        Assert.Matches(@"Be brief\.\nBe kind\.[\s\S]*\[3x2\][\s\S]*What\?[\s\S]*A cat\.[\s\S]*And now\?", prompt);
        Assert.DoesNotContain("hm", prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data:image/png;base64,")]
    [InlineData("")]
    public async Task Post_PictureWithAndWithoutDataPrefix_IsSeen(string prefix)
    {
        var (response, body) = await PostAsync(OpenAIServer.Parts($$$"""{"type":"image","source":{"type":"base64","media_type":"image/webp","data":"{{{prefix}}}{{{Base64}}}"}}"""));
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        Assert.Contains("[3x2]", Server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_LastMessageOfTheAssistant_IsContinuedAsItIs()
    {
        Server.Script.Answer = static _ => " blue.";
        var (_, body) = await PostAsync("""{"model":"eye","max_tokens":9,"messages":[{"role":"user","content":"Color?"},{"role":"assistant","content":"It is"}]}""");
        Assert.EndsWith("It is", Server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Equal(" blue.", JsonElement.Parse(body).GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("\"stop_sequences\":[\"xx\",\"red\"]", "stop_sequence", "red", "A ")]
    [InlineData("\"stop_sequences\":[]", "end_turn", null, "A red circle.")]
    [InlineData("\"max_tokens\":3", "max_tokens", null, "A r")]
    public async Task Post_EndOfTheAnswer_HasItsReason(string fields, string reason, string? sequence, string text)
    {
        var (_, body) = await PostAsync(OpenAIServer.Question(fields));
        var message = JsonElement.Parse(body);
        Assert.Equal((reason, sequence), (message.GetProperty("stop_reason").GetString(), message.GetProperty("stop_sequence").GetString()));
        Assert.Equal(text, message.GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Post_AnswerWithCalls_TextAndToolUseBlocks()
    {
        Server.Script.Answer = static _ => "Let me look.\n" + Oslo + "\n" + Time;
        var (_, body) = await PostAsync(OpenAIServer.Question(Tools));
        Assert.Contains(
            """ "content":[{"type":"text","text":"Let me look.","citations":null},{"type":"tool_use","id":"toolu_ID","name":"weather","input":{"city":"Oslo"}},{"type":"tool_use","id":"toolu_ID","name":"time","input":{}}],"stop_reason":"tool_use","stop_sequence":null """.Trim(),
            Normalised(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"type\":\"none\"}", "end_turn", "")]
    [InlineData("{\"type\":\"any\"}", "tool_use", "")]
    [InlineData("{\"type\":\"tool\",\"name\":\"time\"}", "tool_use", "time")]
    public async Task Post_ToolChoice_IsKeptWhateverTheModelWants(string choice, string reason, string name)
    {
        Server.Script.Answer = _ => reason == "end_turn" ? Oslo : "I would rather talk.";
        var (_, body) = await PostAsync(OpenAIServer.Question(Tools + ",\"tool_choice\":" + choice + ",\"temperature\":0"));
        var message = JsonElement.Parse(body);
        Assert.Equal(reason, message.GetProperty("stop_reason").GetString());
        Assert.Contains(name, message.GetProperty("content").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_NoParallelUse_OneCall()
    {
        Server.Script.Answer = static _ => Oslo + "\n" + Time;
        var (_, body) = await PostAsync(OpenAIServer.Question(Tools + ",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}"));
        Assert.Equal(1, JsonElement.Parse(body).GetProperty("content").GetArrayLength());
    }

    [Fact]
    public async Task Post_ResultsOfTools_AreShownWithTheirCallsAndPictures()
    {
        await PostAsync($$$"""
            {"model":"eye","max_tokens":9,{{{Tools}}},"messages":[{"role":"user","content":"Weather?"},
             {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Oslo"}},{"type":"tool_use","id":"toolu_2","name":"time","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"Rain"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Base64}}}"}}]},
                                       {"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":"no clock"},{"type":"text","text":"So?"}]}]}
            """);
        Assert.Matches(@"Oslo[\s\S]*\[3x2\][\s\S]*Rain[\s\S]*The tool failed:\nno clock[\s\S]*So\?", Server.Script.LastPrompt);
    }

    [Fact]
    public async Task Post_OutputFormat_IsHeld()
    {
        Server.Script.Answer = static _ => "I would rather talk.";
        var (_, body) = await PostAsync(OpenAIServer.Question("\"output_config\":{\"effort\":\"low\",\"format\":{\"type\":\"json_schema\",\"schema\":{\"enum\":[7]}}}"));
        Assert.Equal("7", JsonElement.Parse(body).GetProperty("content")[0].GetProperty("text").GetString()!.Trim());
    }

    [Fact]
    public async Task Post_FieldsWithoutEffect_AreNamed()
    {
        var (response, _) = await PostAsync(OpenAIServer.Question("\"metadata\":{\"user_id\":\"1\"},\"thinking\":{\"type\":\"disabled\"},\"surprise\":1,\"temperature\":1,\"top_p\":0.5,\"top_k\":3"));
        Assert.Equal(["metadata,thinking,surprise"], response.Headers.GetValues("llava-ignored-params"));
    }

    [Theory]
    [InlineData("\"temperature\":1.5", "temperature")]
    [InlineData("\"max_tokens\":0", "max_tokens")]
    [InlineData("\"top_k\":-1", "top_k")]
    [InlineData("\"stop_sequences\":[1]", "stop_sequences[0]")]
    [InlineData("\"system\":[{\"type\":\"image\"}]", "system[0].type")]
    [InlineData("\"messages\":[]", "messages")]
    [InlineData("\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]", "messages[0].role")]
    [InlineData("\"messages\":[{\"role\":\"user\"}]", "messages[0].content")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\"}]}]", "messages[0].content[0].type")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}]}]", "messages[0].content[0].source.type")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"http://x/y.png\"}}]}]", "messages[0].content[0].source.url")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]", "messages[0].content[0].tool_use_id")]
    [InlineData("\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"b\",\"input\":\"c\"}]}]", "messages[0].content[0].input")]
    [InlineData("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"name\":\"a b\",\"input_schema\":{}}]", "tools[0].name")]
    [InlineData("\"tools\":[{\"name\":\"a\"}]", "tools[0].input_schema")]
    [InlineData("\"tools\":[{\"name\":\"a\",\"input_schema\":{\"type\":\"word\"}}]", "tools[0].input_schema")]
    [InlineData("\"tool_choice\":{\"type\":\"any\"}", "tool_choice.type")]
    [InlineData("\"tool_choice\":{\"type\":\"tool\",\"name\":\"a\"}", "tool_choice.name")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"xml\"}}", "output_config.format.type")]
    [InlineData("\"mcp_servers\":[{}]", "mcp_servers")]
    public async Task Post_BadField_RefusedByItsPathInTheDialectsEnvelope(string field, string path)
    {
        foreach (var route in new[] { "/v1/messages", "/v1/messages/count_tokens" })
        {
            var (response, body) = await PostAsync(OpenAIServer.Question(field), route);
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, body);
            AssertError(response, body, "invalid_request_error", path);
        }
    }

    [Fact]
    public async Task Failures_OfFrameworkAndServer_InTheDialectsEnvelope()
    {
        var (unknown, text) = await PostAsync(OpenAIServer.Question(model: "nobody"));
        AssertError(unknown, text, "not_found_error", "nobody");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        var (route, routeText) = await PostAsync("{}", "/v1/messages/batches");
        AssertError(route, routeText, "not_found_error", "");
        using var get = await Server.Client.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancelled);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        AssertError(get, await get.Content.ReadAsStringAsync(Cancelled), "invalid_request_error", "POST");
        Server.Script.OnDecode = static _ => throw new InvalidOperationException("secret");
        var (failed, failedText) = await PostAsync(OpenAIServer.Question());
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        AssertError(failed, failedText, "api_error", "");
        Assert.DoesNotContain("secret", failedText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CountTokens_Conversation_EqualsTheUsageOfTheAnswer()
    {
        var question = OpenAIServer.Parts($$$"""{"type":"text","text":"What?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Base64}}}"}}""");
        var (_, counted) = await PostAsync(question, "/v1/messages/count_tokens");
        var (_, answered) = await PostAsync(question);
        var usage = JsonElement.Parse(answered).GetProperty("usage");
        Assert.Equal(
            usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("cache_read_input_tokens").GetInt32(),
            JsonElement.Parse(counted).GetProperty("input_tokens").GetInt32());
        Assert.Equal(1, Server.Script.Vision.Encodes);
    }

    private static string Base64 => Convert.ToBase64String(TestPictures.Encode(3, 2));

    private static void AssertError(HttpResponseMessage response, string body, string type, string words)
    {
        var root = JsonElement.Parse(body);
        Assert.Equal(["type", "error", "request_id"], root.EnumerateObject().Select(static member => member.Name));
        Assert.Equal(("error", type), (root.GetProperty("type").GetString(), root.GetProperty("error").GetProperty("type").GetString()));
        Assert.Contains(words, root.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(response.Headers.GetValues("request-id"), [root.GetProperty("request_id").GetString()!]);
    }

    private async Task<(HttpResponseMessage Response, string Body)> PostAsync(string json, string path = "/v1/messages")
    {
        var response = await OpenAIServer.PostAsync(Server, json, path);
        return (response, await response.Content.ReadAsStringAsync(Cancelled));
    }

    internal static string Normalised(string body) => Count().Replace(Id().Replace(body, "$1ID"), "$1N");

    [GeneratedRegex("(msg_|toolu_)[A-Za-z0-9]{20,}")]
    private static partial Regex Id();

    [GeneratedRegex("(\"(?:input_tokens|cache_read_input_tokens|output_tokens)\":)[0-9]+")]
    private static partial Regex Count();
}
