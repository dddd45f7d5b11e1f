using System.Net;
using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Every field of a chat request: what is accepted, what is refused, and by which name.</summary>
public sealed class ChatFieldTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string TwoPower63 = "9223372036854775808";

    [Theory]
    [InlineData("\"temperature\":0")]
    [InlineData("\"temperature\":2")]
    [InlineData("\"temperature\":-0.0")]
    [InlineData("\"temperature\":null")]
    [InlineData("\"top_p\":0")]
    [InlineData("\"top_p\":1")]
    [InlineData("\"top_k\":-1")]
    [InlineData("\"top_k\":0")]
    [InlineData("\"top_k\":40.0")]
    [InlineData("\"top_k\":2147483647")]
    [InlineData("\"min_p\":1")]
    [InlineData("\"typical_p\":0")]
    [InlineData("\"repeat_penalty\":1.1")]
    [InlineData("\"repetition_penalty\":0.001")]
    [InlineData("\"repeat_last_n\":-1")]
    [InlineData("\"repeat_last_n\":1048576")]
    [InlineData("\"frequency_penalty\":-2,\"presence_penalty\":2")]
    [InlineData("\"seed\":-1")]
    [InlineData("\"seed\":9223372036854775807")]
    [InlineData("\"seed\":-9223372036854775808")]
    [InlineData("\"stop\":\"x\"")]
    [InlineData("\"stop\":[]")]
    [InlineData("\"stop\":[\"\",\"x\"]")]
    [InlineData("\"stop\":\"\"")]
    [InlineData("\"max_tokens\":1")]
    [InlineData("\"max_tokens\":-1")]
    [InlineData("\"max_tokens\":2147483647")]
    [InlineData("\"max_tokens\":null,\"max_completion_tokens\":3")]
    [InlineData("\"n_predict\":4")]
    [InlineData("\"logit_bias\":{}")]
    [InlineData("\"logit_bias\":{\"5\":-100,\"259\":100}")]
    [InlineData("\"logit_bias\":[[5,false],[6,1.5]]")]
    [InlineData("\"n\":1")]
    [InlineData("\"logprobs\":false")]
    [InlineData("\"n\":4,\"seed\":4294967295")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":20")]
    [InlineData("\"logprobs\":true,\"n_probs\":3")]
    [InlineData("\"logit_bias\":{\"x\":1,\"a b\":false,\"-\":2}")]
    [InlineData("\"logit_bias\":[[\"text\",1],[\"no\",false]]")]
    [InlineData("\"ignore_eos\":true,\"max_tokens\":30")]
    [InlineData("\"min_tokens\":5,\"max_tokens\":5")]
    [InlineData("\"id_slot\":3,\"cache_prompt\":false,\"timings_per_token\":true,\"t_max_predict_ms\":100000")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("\"response_format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"object\"}}")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":{\"type\":\"integer\"}}}")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}")]
    [InlineData("\"json_schema\":{\"enum\":[1,2]}")]
    [InlineData("\"grammar\":\"root ::= [a-z]+\"")]
    [InlineData("\"tools\":[],\"tool_choice\":\"auto\",\"parallel_tool_calls\":false")]
    [InlineData("\"tool_choice\":\"none\",\"add_generation_prompt\":false,\"chat_template_kwargs\":{\"enable_thinking\":false,\"x\":[1]}")]
    [InlineData("\"modalities\":[\"text\"],\"audio\":{\"voice\":\"x\"}")]
    [InlineData("\"stream_options\":{\"include_usage\":true}")]
    [InlineData("\"grammar\":\"\",\"ignore_eos\":false,\"min_tokens\":0,\"n_probs\":0,\"cache_prompt\":true,\"id_slot\":-1")]
    [InlineData("\"xtc_probability\":0,\"xtc_threshold\":0.1,\"mirostat\":0,\"mirostat_tau\":5,\"mirostat_eta\":0.1,\"top_n_sigma\":-1")]
    [InlineData("\"mirostat\":1,\"mirostat_tau\":3,\"mirostat_eta\":0.2")]
    [InlineData("\"mirostat\":2")]
    [InlineData("\"xtc_probability\":0.5,\"xtc_threshold\":0.2,\"top_n_sigma\":1.5,\"min_keep\":2")]
    [InlineData("\"dry_multiplier\":0.8,\"dry_base\":2,\"dry_allowed_length\":0,\"dry_sequence_breakers\":[\"ab\",\"\\n\"]")]
    [InlineData("\"dynatemp_range\":0.5,\"dynatemp_exponent\":2")]
    [InlineData("\"samplers\":[\"top_k\",\"top-p\",\"minP\",\"typ_p\",\"temperature\"]")]
    [InlineData("\"samplers\":\"edskypmxt\"")]
    [InlineData("\"samplers\":[]")]
    [InlineData("\"dry_multiplier\":0,\"dry_base\":1.75,\"dry_allowed_length\":2,\"dry_penalty_last_n\":-1,\"dry_sequence_breakers\":[\"x\"]")]
    [InlineData("\"dynatemp_range\":0,\"dynatemp_exponent\":1,\"timings_per_token\":false,\"return_progress\":false,\"t_max_predict_ms\":0")]
    [InlineData("\"chat_template_kwargs\":{},\"json_schema\":null,\"functions\":null")]
    [InlineData("\"add_generation_prompt\":true,\"continue_final_message\":false")]
    [InlineData("\"sse_ping_interval\":-1")]
    [InlineData("\"temperature\":\"hot\",\"temperature\":1")]
    public async Task Post_AcceptedField_Answers(string fields)
    {
        using var response = await server.PostAsync(OpenAIServer.Question(fields));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("\"temperature\":2.001", "invalid_value", "temperature")]
    [InlineData("\"temperature\":-0.001", "invalid_value", "temperature")]
    [InlineData("\"temperature\":1e308", "invalid_value", "temperature")]
    [InlineData("\"temperature\":1e999", "invalid_value", "temperature")]
    [InlineData("\"temperature\":\"1\"", "invalid_type", "temperature")]
    [InlineData("\"temperature\":true", "invalid_type", "temperature")]
    [InlineData("\"top_p\":1.01", "invalid_value", "top_p")]
    [InlineData("\"top_p\":-1", "invalid_value", "top_p")]
    [InlineData("\"top_k\":-2", "invalid_value", "top_k")]
    [InlineData("\"top_k\":2147483648", "invalid_value", "top_k")]
    [InlineData("\"top_k\":1.5", "invalid_type", "top_k")]
    [InlineData("\"top_k\":1e308", "invalid_value", "top_k")]
    [InlineData("\"min_p\":1.1", "invalid_value", "min_p")]
    [InlineData("\"typical_p\":-1", "invalid_value", "typical_p")]
    [InlineData("\"repeat_penalty\":0", "invalid_value", "repeat_penalty")]
    [InlineData("\"repeat_penalty\":-0.0", "invalid_value", "repeat_penalty")]
    [InlineData("\"repeat_penalty\":1e308", "invalid_value", "repeat_penalty")]
    [InlineData("\"repeat_last_n\":-2", "invalid_value", "repeat_last_n")]
    [InlineData("\"repeat_last_n\":2147483648", "invalid_value", "repeat_last_n")]
    [InlineData("\"frequency_penalty\":2.1", "invalid_value", "frequency_penalty")]
    [InlineData("\"presence_penalty\":-2.1", "invalid_value", "presence_penalty")]
    [InlineData("\"seed\":" + TwoPower63, "invalid_value", "seed")]
    [InlineData("\"seed\":1.5", "invalid_type", "seed")]
    [InlineData("\"stop\":1", "invalid_type", "stop")]
    [InlineData("\"stop\":[1]", "invalid_type", "stop[0]")]
    [InlineData("\"stop\":[null]", "invalid_type", "stop[0]")]
    [InlineData("\"max_tokens\":0", "invalid_value", "max_tokens")]
    [InlineData("\"max_tokens\":-2", "invalid_value", "max_tokens")]
    [InlineData("\"max_completion_tokens\":0", "invalid_value", "max_completion_tokens")]
    [InlineData("\"max_completion_tokens\":" + TwoPower63, "invalid_value", "max_completion_tokens")]
    [InlineData("\"max_completion_tokens\":\"5\"", "invalid_type", "max_completion_tokens")]
    [InlineData("\"n_predict\":0", "invalid_value", "n_predict")]
    [InlineData("\"logit_bias\":{\"5\":101}", "invalid_value", "logit_bias.5")]
    [InlineData("\"logit_bias\":{\"-1\":1}", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":{\"260\":1}", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":{\"2147483648\":1}", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":[[5]]", "invalid_value", "logit_bias[0]")]
    [InlineData("\"logit_bias\":3", "invalid_type", "logit_bias")]
    [InlineData("\"n\":0", "invalid_value", "n")]
    [InlineData("\"n\":129", "invalid_value", "n")]
    [InlineData("\"n\":5", "invalid_value", "n")]
    [InlineData("\"n\":\"2\"", "invalid_type", "n")]
    [InlineData("\"logit_bias\":{\"\":1}", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":{\"x\":true}", "invalid_type", "logit_bias.x")]
    [InlineData("\"logit_bias\":{\"x\":-101}", "invalid_value", "logit_bias.x")]
    [InlineData("\"logit_bias\":[[\"\",1]]", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":[[260,1]]", "invalid_value", "logit_bias")]
    [InlineData("\"logit_bias\":[[5,true]]", "invalid_type", "logit_bias[0][1]")]
    [InlineData("\"logprobs\":1", "invalid_type", "logprobs")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "invalid_value", "top_logprobs")]
    [InlineData("\"logprobs\":false,\"top_logprobs\":0", "invalid_value", "top_logprobs")]
    [InlineData("\"n_probs\":21", "invalid_value", "n_probs")]
    [InlineData("\"ignore_eos\":1", "invalid_type", "ignore_eos")]
    [InlineData("\"min_tokens\":-1", "invalid_value", "min_tokens")]
    [InlineData("\"min_tokens\":5,\"max_tokens\":4", "invalid_value", "min_tokens")]
    [InlineData("\"id_slot\":4", "invalid_value", "id_slot")]
    [InlineData("\"id_slot\":-2", "invalid_value", "id_slot")]
    [InlineData("\"cache_prompt\":\"no\"", "invalid_type", "cache_prompt")]
    [InlineData("\"timings_per_token\":1", "invalid_type", "timings_per_token")]
    [InlineData("\"t_max_predict_ms\":-2", "invalid_value", "t_max_predict_ms")]
    [InlineData("\"top_logprobs\":3", "invalid_value", "top_logprobs")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "invalid_value", "response_format.type")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "missing_required_parameter", "response_format.json_schema")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"not\":{}}}}", "invalid_json_schema", "response_format.json_schema.schema")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":5}}", "invalid_json_schema", "response_format.json_schema.schema")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"strict\":1}}", "invalid_type", "response_format.json_schema.strict")]
    [InlineData("\"response_format\":\"json\"", "invalid_type", "response_format")]
    [InlineData("\"json_schema\":{\"type\":\"word\"}", "invalid_json_schema", "json_schema")]
    [InlineData("\"grammar\":\"root ::= 'x'\"", "invalid_grammar", "grammar")]
    [InlineData("\"grammar\":5", "invalid_type", "grammar")]
    [InlineData("\"grammar\":\"root ::= [a]\",\"json_schema\":{}", "invalid_value", "grammar")]
    [InlineData("\"json_schema\":{},\"response_format\":{\"type\":\"json_object\"}", "invalid_value", "json_schema")]
    [InlineData("\"response_format\":{}", "missing_required_parameter", "response_format.type")]
    [InlineData("\"tools\":{}", "invalid_type", "tools")]
    [InlineData("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\"}}]", "unsupported_parameter", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "invalid_value", "tools[0].type")]
    [InlineData("\"tools\":[{\"function\":{\"name\":\"f\"}}]", "missing_required_parameter", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "missing_required_parameter", "tools[0].function")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "missing_required_parameter", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "invalid_value", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":[]}}]", "invalid_type", "tools[0].function.parameters")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":1}}]", "invalid_type", "tools[0].function.strict")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "invalid_value", "tools[1].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"function\",\"function\":{\"name\":\"g\",\"parameters\":{\"type\":\"word\"}}}],\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}", "invalid_json_schema", "tools[1].function.parameters")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"word\"}}}]", "invalid_json_schema", "tools[0].function.parameters")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"string\"}}}]", "invalid_json_schema", "tools[0].function.parameters")]
    [InlineData("\"tool_choice\":\"required\"", "invalid_value", "tool_choice")]
    [InlineData("\"tool_choice\":\"always\"", "invalid_value", "tool_choice")]
    [InlineData("\"tool_choice\":3", "invalid_type", "tool_choice")]
    [InlineData("\"tool_choice\":{\"type\":\"function\"}", "missing_required_parameter", "tool_choice.function")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "invalid_value", "tool_choice.function.name")]
    [InlineData("\"tool_choice\":{\"type\":\"custom\"}", "unsupported_parameter", "tool_choice.type")]
    [InlineData("\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}", "invalid_value", "tool_choice.allowed_tools.tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"required\",\"grammar\":\"root ::= [a]\"", "invalid_value", "tool_choice")]
    [InlineData("\"parallel_tool_calls\":1", "invalid_type", "parallel_tool_calls")]
    [InlineData("\"functions\":[]", "unsupported_parameter", "functions")]
    [InlineData("\"function_call\":\"none\"", "unsupported_parameter", "function_call")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "unsupported_parameter", "modalities")]
    [InlineData("\"web_search_options\":{}", "unsupported_parameter", "web_search_options")]
    [InlineData("\"mirostat\":3", "invalid_value", "mirostat")]
    [InlineData("\"mirostat\":\"2\"", "invalid_type", "mirostat")]
    [InlineData("\"mirostat_tau\":-1", "invalid_value", "mirostat_tau")]
    [InlineData("\"mirostat_eta\":2", "invalid_value", "mirostat_eta")]
    [InlineData("\"xtc_probability\":1.5", "invalid_value", "xtc_probability")]
    [InlineData("\"xtc_threshold\":-0.1", "invalid_value", "xtc_threshold")]
    [InlineData("\"top_n_sigma\":1e30", "invalid_value", "top_n_sigma")]
    [InlineData("\"min_keep\":-1", "invalid_value", "min_keep")]
    [InlineData("\"dynatemp_range\":-1", "invalid_value", "dynatemp_range")]
    [InlineData("\"dynatemp_exponent\":-1", "invalid_value", "dynatemp_exponent")]
    [InlineData("\"dry_multiplier\":-1", "invalid_value", "dry_multiplier")]
    [InlineData("\"dry_base\":0.5", "invalid_value", "dry_base")]
    [InlineData("\"dry_allowed_length\":-1", "invalid_value", "dry_allowed_length")]
    [InlineData("\"dry_penalty_last_n\":-2", "invalid_value", "dry_penalty_last_n")]
    [InlineData("\"dry_sequence_breakers\":[]", "invalid_value", "dry_sequence_breakers")]
    [InlineData("\"dry_sequence_breakers\":[\"a\",\"\"]", "invalid_value", "dry_sequence_breakers[1]")]
    [InlineData("\"dry_sequence_breakers\":\"a\"", "invalid_type", "dry_sequence_breakers")]
    [InlineData("\"samplers\":[\"top_k\",\"infill\"]", "invalid_value", "samplers[1]")]
    [InlineData("\"samplers\":\"kq\"", "invalid_value", "samplers")]
    [InlineData("\"samplers\":5", "invalid_type", "samplers")]
    [InlineData("\"return_progress\":1", "invalid_type", "return_progress")]
    [InlineData("\"chat_template_kwargs\":[]", "invalid_type", "chat_template_kwargs")]
    [InlineData("\"chat_template_kwargs\":{\"messages\":1}", "invalid_value", "chat_template_kwargs")]
    [InlineData("\"chat_template_kwargs\":{\"a b\":1}", "invalid_value", "chat_template_kwargs")]
    [InlineData("\"chat_template_kwargs\":{\"enable_thinking\":\"no\"}", "invalid_type", "chat_template_kwargs.enable_thinking")]
    [InlineData("\"sse_ping_interval\":0", "invalid_value", "sse_ping_interval")]
    [InlineData("\"stream\":\"true\"", "invalid_type", "stream")]
    [InlineData("\"stream\":1", "invalid_type", "stream")]
    [InlineData("\"stream_options\":[]", "invalid_type", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "invalid_type", "stream_options.include_usage")]
    [InlineData("\"service_tier\":1", "invalid_type", "service_tier")]
    [InlineData("\"continue_final_message\":true", "invalid_value", "continue_final_message")]
    [InlineData("\"continue_final_message\":true,\"add_generation_prompt\":true", "invalid_value", "continue_final_message")]
    [InlineData("\"add_generation_prompt\":\"no\"", "invalid_type", "add_generation_prompt")]
    public async Task Post_RefusedField_NamesFieldAndCode(string fields, string code, string parameter)
    {
        using var response = await server.PostAsync(OpenAIServer.Question(fields));
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, parameter);
    }

    [Fact]
    public void All_RefusedFields_AreThoseThatTheDialectRefuses()
    {
        Assert.Equal(["functions", "function_call", "web_search_options"], Names(ChatFieldRule.Refused));
        Assert.Equal(["modalities"], Names(ChatFieldRule.NeutralOnly));

        static IEnumerable<string> Names(ChatFieldRule rule) => ChatFields.All.Where(field => field.Rule == rule).Select(static field => field.Name);
    }

    [Fact]
    public async Task NET14_EveryNumericField_ExtremesNeverFailTheServer()
    {
        string[] values = ["-1", "0", "1", "2147483647", "2147483648", "-2147483649", "9223372036854775807", TwoPower63, "1e308", "-1e308", "1e-320", "-0.0", "1e999"];
        foreach (var field in ChatFields.All.Where(static field => field.Type is "integer" or "number"))
        {
            foreach (var value in values)
            {
                using var response = await server.PostAsync(OpenAIServer.Question($"\"max_tokens\":3,\"{field.Name}\":{value}"));
                Assert.True((int)response.StatusCode is 200 or 400, $"{field.Name}={value}: {(int)response.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task Post_StrictParameters_UnknownFieldRefused()
    {
        await using var strict = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:OpenAI:StrictParameters"] = "true" });
        using var response = await OpenAIServer.PostAsync(strict, OpenAIServer.Question("\"madeUp\":1"));
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "unsupported_parameter", "madeUp");
    }

    [Fact]
    public async Task NET18_HostileFieldNames_AreNotRepeatedInHeaders()
    {
        using var response = await server.PostAsync(OpenAIServer.Question("\"a\\r\\nSet-Cookie: x\":1,\"ü\":2,\"ok_1\":3"));
        Assert.Equal(["ok_1"], response.Headers.GetValues("llava-ignored-params"));
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task LIM1_StopTexts_LimitPassesOneMoreIsRefused()
    {
        static string Stops(int count, int length) => "\"stop\":" + JsonSerializer.Serialize(Enumerable.Range(0, count).Select(_ => new string('#', length)));
        using var atLimit = await server.PostAsync(OpenAIServer.Question(Stops(16, 1024)));
        Assert.Equal(HttpStatusCode.OK, atLimit.StatusCode);
        using var tooMany = await server.PostAsync(OpenAIServer.Question(Stops(17, 1)));
        await ErrorAssert.IsAsync(tooMany, HttpStatusCode.BadRequest, "invalid_value", "stop");
        using var tooLong = await server.PostAsync(OpenAIServer.Question(Stops(1, 1025)));
        await ErrorAssert.IsAsync(tooLong, HttpStatusCode.BadRequest, "invalid_value", "stop[0]");
    }

    [Fact]
    public async Task LIM1_LogitBias_LimitPassesOneMoreIsRefused()
    {
        static string Bias(int count) => "\"logit_bias\":[" + string.Join(',', Enumerable.Range(0, count).Select(static _ => "[5,1]")) + "]";
        using var atLimit = await server.PostAsync(OpenAIServer.Question(Bias(1024)));
        Assert.Equal(HttpStatusCode.OK, atLimit.StatusCode);
        using var tooMany = await server.PostAsync(OpenAIServer.Question(Bias(1025)));
        await ErrorAssert.IsAsync(tooMany, HttpStatusCode.BadRequest, "invalid_value", "logit_bias");
    }
}
