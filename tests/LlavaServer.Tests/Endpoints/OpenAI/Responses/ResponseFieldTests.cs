using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Responses;

/// <summary>Every field of a responses request beside its input: what is honoured, what is listed as ignored, what is refused by which name.</summary>
public sealed class ResponseFieldTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Tools = "\"tools\":" + """[{"type":"function","name":"f"},{"type":"function","name":"g","parameters":{"type":"object"},"strict":false,"description":"G"}]""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("\"temperature\":0,\"top_p\":1,\"top_k\":5,\"seed\":7,\"stop\":[\"x\"]", "")]
    [InlineData("\"max_output_tokens\":-1", "")]
    [InlineData("\"n_predict\":4,\"max_output_tokens\":2", "")]
    [InlineData("\"background\":false,\"truncation\":\"disabled\",\"n\":1", "")]
    [InlineData("\"previous_response_id\":null,\"conversation\":null,\"prompt\":null,\"text\":null,\"tools\":null,\"tool_choice\":null,\"include\":null,\"metadata\":null", "")]
    [InlineData("\"text\":{\"format\":{\"type\":\"text\"}}", "")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_object\"}}", "")]
    [InlineData("\"text\":{\"format\":null},\"grammar\":\"root ::= [a-z]\"", "")]
    [InlineData("\"text\":{\"format\":{\"type\":\"text\"}},\"json_schema\":{\"enum\":[1]}", "")]
    [InlineData("\"text\":{\"verbosity\":\"low\"}", "text.verbosity")]
    [InlineData("\"store\":true,\"metadata\":{},\"user\":\"u\",\"service_tier\":\"auto\",\"stream_options\":{\"include_obfuscation\":false}", "store,user,service_tier,stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_obfuscation\":false}", "stream_options.include_obfuscation")]
    [InlineData("\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"}", "reasoning")]
    [InlineData("\"reasoning\":{\"effort\":\"none\"}", "reasoning")]
    [InlineData("\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\",\"prompt_cache_retention\":\"24h\",\"max_tool_calls\":3,\"context_management\":[],\"moderation\":{}", "safety_identifier,prompt_cache_key,prompt_cache_retention,max_tool_calls,context_management,moderation")]
    [InlineData("\"include\":[\"reasoning.encrypted_content\",\"message.output_text.logprobs\"]", "include.reasoning.encrypted_content")]
    [InlineData("\"tools\":[{\"type\":\"web_search_preview\"},{\"type\":\"mcp\",\"server_label\":\"x\"},{\"type\":\"a b\"}]", "tools.web_search_preview,tools.mcp,tools")]
    [InlineData("\"logprobs\":true,\"madeUp\":1", "logprobs,madeUp")]
    [InlineData(Tools + ",\"tool_choice\":\"none\"", "")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"name\":\"g\"},{\"type\":\"mcp\"}]}", "tool_choice.mcp")]
    public async Task Post_AcceptedField_AnswersAndListsWhatItIgnores(string fields, string ignored)
    {
        using var response = await server.PostAsync(ResponseText.Question(fields), ResponseText.Path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(ignored, response.Headers.TryGetValues("llava-ignored-params", out var names) ? names.Single() : "");
        using var counted = await server.PostAsync(ResponseText.Question(fields), "/v1/responses/input_tokens");
        Assert.Equal(ignored, counted.Headers.TryGetValues("llava-ignored-params", out names) ? names.Single() : "");
    }

    [Theory]
    [InlineData("\"temperature\":2.1", "invalid_value", "temperature")]
    [InlineData("\"top_p\":\"1\"", "invalid_type", "top_p")]
    [InlineData("\"max_output_tokens\":0", "invalid_value", "max_output_tokens")]
    [InlineData("\"max_output_tokens\":\"5\"", "invalid_type", "max_output_tokens")]
    [InlineData("\"max_output_tokens\":4,\"min_tokens\":5", "invalid_value", "min_tokens")]
    [InlineData("\"top_logprobs\":21", "invalid_value", "top_logprobs")]
    [InlineData("\"stream\":1", "invalid_type", "stream")]
    [InlineData("\"instructions\":[]", "invalid_type", "instructions")]
    [InlineData("\"include\":\"x\"", "invalid_type", "include")]
    [InlineData("\"include\":[1]", "invalid_type", "include[0]")]
    [InlineData("\"metadata\":[]", "invalid_type", "metadata")]
    [InlineData("\"metadata\":{\"a\":1}", "invalid_value", "metadata")]
    [InlineData("\"metadata\":{\"a23456789012345678901234567890123456789012345678901234567890abcde\":\"\"}", "invalid_value", "metadata")]
    [InlineData("\"text\":\"x\"", "invalid_type", "text")]
    [InlineData("\"text\":{\"format\":\"json\"}", "invalid_type", "text.format")]
    [InlineData("\"text\":{\"format\":{}}", "missing_required_parameter", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"yaml\"}}", "invalid_value", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}}}", "missing_required_parameter", "text.format.schema")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":5,\"schema\":{}}}", "invalid_type", "text.format.name")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"nothing\"}}}", "invalid_json_schema", "text.format.schema")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_object\"}},\"grammar\":\"root ::= [a-z]\"", "invalid_value", "text.format")]
    [InlineData("\"truncation\":\"some\"", "invalid_value", "truncation")]
    [InlineData("\"truncation\":5", "invalid_type", "truncation")]
    [InlineData("\"background\":true", "unsupported_parameter", "background")]
    [InlineData("\"n\":2", "unsupported_parameter", "n")]
    [InlineData("\"previous_response_id\":\"resp_1\"", "unsupported_parameter", "previous_response_id")]
    [InlineData("\"conversation\":\"conv_1\"", "unsupported_parameter", "conversation")]
    [InlineData("\"prompt\":{\"id\":\"p\"}", "unsupported_parameter", "prompt")]
    [InlineData("\"max_tokens\":5", "unsupported_parameter", "max_tokens")]
    [InlineData("\"max_completion_tokens\":5", "unsupported_parameter", "max_completion_tokens")]
    [InlineData("\"messages\":[]", "unsupported_parameter", "messages")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "unsupported_parameter", "response_format")]
    [InlineData("\"tools\":{}", "invalid_type", "tools")]
    [InlineData("\"tools\":[{\"name\":\"f\"}]", "missing_required_parameter", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "missing_required_parameter", "tools[0].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "missing_required_parameter", "tools[0].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"a b\"}]", "invalid_value", "tools[0].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"function\",\"name\":\"f\"}]", "invalid_value", "tools[1].name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":\"x\"}]", "invalid_type", "tools[0].parameters")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"},{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"word\"}}]", "invalid_json_schema", "tools[1].parameters")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}],\"tool_choice\":\"required\"", "invalid_value", "tool_choice")]
    [InlineData(Tools + ",\"tool_choice\":\"some\"", "invalid_value", "tool_choice")]
    [InlineData(Tools + ",\"tool_choice\":5", "invalid_type", "tool_choice")]
    [InlineData(Tools + ",\"tool_choice\":{}", "missing_required_parameter", "tool_choice.type")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"function\"}", "missing_required_parameter", "tool_choice.name")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"function\",\"name\":\"h\"}", "invalid_value", "tool_choice.name")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"web_search_preview\"}", "unsupported_parameter", "tool_choice.type")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"none\",\"tools\":[]}", "invalid_value", "tool_choice.mode")]
    [InlineData(Tools + ",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"name\":\"h\"}]}", "invalid_value", "tool_choice.tools[0].name")]
    [InlineData(Tools + ",\"tool_choice\":\"required\",\"text\":{\"format\":{\"type\":\"json_object\"}}", "invalid_value", "tool_choice")]
    [InlineData("\"parallel_tool_calls\":1", "invalid_type", "parallel_tool_calls")]
    public async Task Post_RefusedField_NamesCodeAndPath(string fields, string code, string path)
    {
        foreach (var route in (string[])[ResponseText.Path, "/v1/responses/input_tokens"])
        {
            using var response = await server.PostAsync(ResponseText.Question(fields), route);
            await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, path);
        }
    }

    /// <summary>Bodies may nest deeper than the library's readers do by themselves.</summary>
    [Theory]
    [InlineData("/v1/responses", "\"input\":\"x\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":SCHEMA}]")]
    [InlineData("/v1/responses", "\"input\":\"x\",\"text\":{\"format\":{\"type\":\"json_schema\",\"schema\":SCHEMA}}")]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":SCHEMA}}]")]
    [InlineData("/v1/messages", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"name\":\"f\",\"input_schema\":SCHEMA}]")]
    [InlineData("/v1/messages", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":SCHEMA}]}]")]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"chat_template_kwargs\":{\"x\":SCHEMA}")]
    [InlineData("/v1/responses", "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}],\"input\":[{\"role\":\"user\",\"content\":\"x\"},{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"TEXT\"}]")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":false,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":SCHEMA}}]")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":SCHEMA}}]}],\"stream\":false")]
    public async Task Post_DeepJson_AnsweredOrRefused(string path, string fields)
    {
        var schema = string.Concat(Enumerable.Repeat("{\"type\":\"object\",\"properties\":{\"a\":", 50)) + "{}" + new string('}', 100);
        using var response = await server.PostAsync("{\"model\":\"eye\"," + fields.Replace("SCHEMA", schema, StringComparison.Ordinal).Replace("TEXT", schema.Replace("\"", "\\\"", StringComparison.Ordinal), StringComparison.Ordinal) + "}", path);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Post_NoModelOrAnUnknownOne_IsRefused()
    {
        using var none = await server.PostAsync("{\"input\":\"x\"}", ResponseText.Path);
        await ErrorAssert.IsAsync(none, HttpStatusCode.BadRequest, "missing_required_parameter", "model");
        using var unknown = await server.PostAsync("{\"model\":\"nobody\",\"input\":\"x\"}", ResponseText.Path);
        await ErrorAssert.IsAsync(unknown, HttpStatusCode.NotFound, "model_not_found", "model");
    }

    [Theory]
    [InlineData(",\"tool_choice\":\"required\"", "")]
    [InlineData(",\"tool_choice\":{\"type\":\"function\",\"name\":\"g\"}", "g")]
    [InlineData(",\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}", "f")]
    public async Task Post_EnforcedChoice_Calls(string choice, string name)
    {
        const string Short = """[{"type":"function","name":"f","parameters":{"type":"object","additionalProperties":false}},{"type":"function","name":"g","parameters":{"type":"object","properties":{"x":{"type":"boolean"}},"required":["x"],"additionalProperties":false}}]""";
        await using var wide = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 4096, Answer = static _ => "I would rather talk." });
        var root = JsonElement.Parse(await ResponseText.AskAsync(wide, "\"tools\":" + Short + choice + ",\"temperature\":0,\"parallel_tool_calls\":false,\"max_output_tokens\":400"));
        var call = Assert.Single(root.GetProperty("output").EnumerateArray());
        Assert.True(call.GetProperty("type").GetString() == "function_call", root.GetRawText());
        Assert.Contains(name, call.GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Object, JsonElement.Parse(call.GetProperty("arguments").GetString()!).ValueKind);
    }

    [Fact]
    public async Task Post_Schema_IsHeld()
    {
        server.Script.Answer = static _ => "I would rather talk.";
        var root = JsonElement.Parse(await ResponseText.AskAsync(
            server.Server, "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"strict\":true,\"schema\":{\"enum\":[\"red\"]}}}"));
        Assert.Equal("\"red\"", root.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1/responses/resp_1")]
    [InlineData("DELETE", "/responses/resp_1")]
    [InlineData("POST", "/v1/responses/resp_1/cancel")]
    [InlineData("GET", "/v1/responses/resp_1/input_items")]
    public async Task StoredResponse_AnyRoute_404(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        using var response = await server.Server.Client.SendAsync(request, Cancelled);
        Assert.Contains("resp_1", await ErrorAssert.IsAsync(response, HttpStatusCode.NotFound, "not_found", null), StringComparison.Ordinal);
    }
}
