using System.Globalization;
using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Responses;

/// <summary>Input items: what of them reaches the model, and which are refused by which path.</summary>
public sealed class ResponseInputTests : IAsyncLifetime
{
    private const string Weather = "\"tools\":" + """[{"type":"function","name":"weather"}]""";

    private static readonly string s_picture = TestPictures.DataUrl(33, 21);

    private ScriptedServer? _server;

    private ScriptedServer Server => _server!;

    private string Prompt => Server.Script.LastPrompt;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync(
        new ScriptedEngineFactory { ContextLength = 4096 }, new Dictionary<string, string?> { ["Llava:Limits:Messages"] = "12", ["Llava:Limits:Parts"] = "12" });

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task Post_Messages_ReachTheModelInOrder()
    {
        await ResponseText.AskAsync(
            Server,
            "\"instructions\":\"Zero.\"",
            """
            [{"role":"system","content":"One."},{"type":"message","role":"developer","content":[{"type":"input_text","text":"Two."}]},
            {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
            {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"no","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"way"}]},
            {"id":"rs_1","type":"reasoning","summary":[]},{"type":null,"role":"user","content":"c"}]
            """);
        Assert.Contains("Zero.\nOne.\nTwo. USER: a\nb ASSISTANT: no\nway</s>", Prompt, StringComparison.Ordinal);
        Assert.EndsWith("USER: c ASSISTANT:", Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_CallsAndOutputs_OneTurnOfTheAssistantAndItsResults()
    {
        await ResponseText.AskAsync(
            Server,
            Weather,
            """
            [{"role":"user","content":"Weather?"},{"role":"assistant","content":[{"type":"output_text","text":"Well."}]},
            {"type":"reasoning","summary":[]},
            {"id":"fc_1","type":"function_call","status":"completed","call_id":"call_a","name":"weather","arguments":"{\"city\":\"Oslo\"}"},
            {"type":"function_call","call_id":"call_b","name":"weather","arguments":""},
            {"type":"function_call_output","call_id":"call_a","output":"snow"},
            {"type":"function_call_output","call_id":"call_b","output":[{"type":"input_text","text":"rain"}]}]
            """);
        Assert.EndsWith(
            "USER: Weather? ASSISTANT: Well.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call></s>"
            + "USER: <tool_response>\nsnow\n</tool_response>\n<tool_response>\nrain\n</tool_response> ASSISTANT:",
            Prompt,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"input_image","image_url":"URL"}""")]
    [InlineData("""{"type":"input_image","image_url":"URL","file_id":null,"detail":"high"}""")]
    [InlineData("""{"type":"input_file","file_data":"URL","filename":"a.png"}""")]
    [InlineData("""{"type":"input_file","file_url":"URL","detail":"low"}""")]
    public async Task Post_Picture_ReachesTheModel(string part)
    {
        part = part.Replace("URL", s_picture, StringComparison.Ordinal);
        await ResponseText.AskAsync(Server, input: $$"""[{"role":"user","content":[{"type":"input_text","text":"q"},{{part}}]}]""");
        Assert.Contains("[33x21]", Prompt, StringComparison.Ordinal);
        await ResponseText.AskAsync(
            Server, Weather, $$"""[{"role":"user","content":"Look"},{"type":"function_call","call_id":"a","name":"weather","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":[{{part}}]}]""");
        Assert.Contains("[33x21]", Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_AnswerWithoutText_MayComeBack()
    {
        await ResponseText.AskAsync(Server, input: """[{"role":"user","content":"a"},{"role":"assistant","content":[]},{"role":"user","content":"b"}]""");
        Assert.EndsWith("USER: b ASSISTANT:", Prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null", "missing_required_parameter", "input")]
    [InlineData("5", "invalid_type", "input")]
    [InlineData("[]", "invalid_value", "input")]
    [InlineData("""[{"type":"reasoning","summary":[]}]""", "invalid_value", "input")]
    [InlineData("[1]", "invalid_type", "input[0]")]
    [InlineData("[null]", "invalid_type", "input[0]")]
    [InlineData("[{}]", "missing_required_parameter", "input[0].type")]
    [InlineData("""[{"type":"message","content":"x"}]""", "missing_required_parameter", "input[0].role")]
    [InlineData("""[{"type":5,"content":"x"}]""", "invalid_type", "input[0].type")]
    [InlineData("""[{"role":"tool","content":"x"}]""", "invalid_value", "input[0].role")]
    [InlineData("""[{"role":"USER","content":"x"}]""", "invalid_value", "input[0].role")]
    [InlineData("""[{"role":"user"}]""", "missing_required_parameter", "input[0].content")]
    [InlineData("""[{"role":"user","content":3}]""", "invalid_type", "input[0].content")]
    [InlineData("""[{"role":"user","content":[]}]""", "invalid_value", "input[0].content")]
    [InlineData("""[{"role":"user","content":["x"]}]""", "invalid_type", "input[0].content[0]")]
    [InlineData("""[{"role":"user","content":[{"text":"x"}]}]""", "missing_required_parameter", "input[0].content[0].type")]
    [InlineData("""[{"role":"user","content":[{"type":"input_text"}]}]""", "missing_required_parameter", "input[0].content[0].text")]
    [InlineData("""[{"role":"user","content":[{"type":"input_audio"}]}]""", "invalid_value", "input[0].content[0].type")]
    [InlineData("""[{"role":"user","content":[{"type":"refusal","refusal":"x"}]}]""", "invalid_value", "input[0].content[0].type")]
    [InlineData("""[{"role":"user","content":[{"type":"input_image"}]}]""", "missing_required_parameter", "input[0].content[0].image_url")]
    [InlineData("""[{"role":"user","content":[{"type":"input_image","image_url":5}]}]""", "invalid_type", "input[0].content[0].image_url")]
    [InlineData("""[{"role":"user","content":[{"type":"input_image","image_url":"x","detail":"max"}]}]""", "invalid_value", "input[0].content[0].detail")]
    [InlineData("""[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]""", "unsupported_parameter", "input[0].content[0].file_id")]
    [InlineData("""[{"role":"user","content":[{"type":"input_text","text":"q"},{"type":"input_image","image_url":"data:image/png;base64,!!!!"}]}]""", "invalid_base64_image", "input[0].content[1].image_url")]
    [InlineData("""[{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/a.png"}]}]""", "invalid_image_url", "input[0].content[0].image_url")]
    [InlineData("""[{"role":"user","content":[{"type":"input_file","file_url":"https://example.com/a.png"}]}]""", "invalid_image_url", "input[0].content[0].file_url")]
    [InlineData("""[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]""", "unsupported_parameter", "input[0].content[0].file_id")]
    [InlineData("""[{"role":"user","content":[{"type":"input_file","filename":"f"}]}]""", "missing_required_parameter", "input[0].content[0].file_data")]
    [InlineData("""[{"role":"user","content":[{"type":"input_file","file_data":"data:application/pdf;base64,JVBERi0xLjQKJeLjz9MK"}]}]""", "unsupported_file_type", "input[0].content[0].file_data")]
    [InlineData("""[{"role":"assistant","content":[{"type":"input_image","image_url":"x"}]}]""", "invalid_value", "input[0].content[0].type")]
    [InlineData("""[{"type":"function_call","name":"f","arguments":"{}"}]""", "missing_required_parameter", "input[0].call_id")]
    [InlineData("""[{"type":"function_call","call_id":"a","arguments":"{}"}]""", "missing_required_parameter", "input[0].name")]
    [InlineData("""[{"type":"function_call","call_id":"a","name":"f"}]""", "missing_required_parameter", "input[0].arguments")]
    [InlineData("""[{"type":"function_call","call_id":"a","name":"f","arguments":{}}]""", "invalid_type", "input[0].arguments")]
    [InlineData("""[{"type":"function_call_output","output":"x"}]""", "missing_required_parameter", "input[0].call_id")]
    [InlineData("""[{"type":"function_call_output","call_id":"a"}]""", "missing_required_parameter", "input[0].output")]
    [InlineData("""[{"type":"function_call_output","call_id":"a","output":{}}]""", "invalid_type", "input[0].output")]
    [InlineData("""[{"role":"user","content":"x"},{"type":"item_reference","id":"m"}]""", "invalid_value", "input[1].type")]
    [InlineData("""[{"role":"user","content":"x"},{"type":"web_search_call","id":"m"}]""", "invalid_value", "input[1].type")]
    [InlineData("""["a","b","c","d","e","f","g","h","i","j","k","l","m"]""", "invalid_value", "input")]
    [InlineData("""[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"}]},{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"},{"type":"input_text","text":"x"}]}]""", "invalid_value", "input")]
    public async Task Post_WrongInput_NamesCodeAndPath(string input, string code, string path)
    {
        foreach (var (fields, route) in new[] { ("", ResponseText.Path), ("\"stream\":true", ResponseText.Path), ("", "/v1/responses/input_tokens") })
        {
            using var response = await OpenAIServer.PostAsync(Server, ResponseText.Question(fields, input), route);
            await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, path);
        }
    }

    [Fact]
    public async Task Post_PictureForABlindModel_IsRefused()
    {
        using var response = await OpenAIServer.PostAsync(
            Server, $$"""{"model":"blind","input":[{"role":"user","content":[{"type":"input_image","image_url":"{{s_picture}}"}]}]}""", ResponseText.Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_input_not_supported", "input[0].content[0].image_url");
    }

    [Fact]
    public async Task InputTokens_BothRoutes_AreWhatTheAnswerCounts()
    {
        var input = $$"""[{"role":"user","content":[{"type":"input_text","text":"What is it?"},{"type":"input_image","image_url":"{{s_picture}}"}]}]""";
        var answer = JsonElement.Parse(await ResponseText.AskAsync(Server, "\"instructions\":\"Short.\"", input));
        var tokens = answer.GetProperty("usage").GetProperty("input_tokens").GetInt32();
        var steps = Server.Script.Steps;
        var messages = $$$"""[{"role":"system","content":"Short."},{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"{{{s_picture}}}"}}]}]""";
        foreach (var (path, body) in new[]
        {
            ("/responses/input_tokens", ResponseText.Question("\"instructions\":\"Short.\",\"max_output_tokens\":5,\"stream\":true", input)),
            ("/chat/completions/input_tokens", $$"""{"model":"eye","messages":{{messages}}}"""),
        })
        {
            foreach (var prefix in (string[])["/v1", ""])
            {
                using var response = await OpenAIServer.PostAsync(Server, body, prefix + path);
                Assert.Equal($"{{\"object\":\"response.input_tokens\",\"input_tokens\":{tokens}}}", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            }
        }

        Assert.Equal(steps, Server.Script.Steps);
    }

    [Theory]
    [InlineData("/v1/responses/input_tokens", "")]
    [InlineData("/v1/responses/input_tokens", "\"stream\":true")]
    [InlineData("/v1/responses", "")]
    [InlineData("/v1/responses", "\"truncation\":\"auto\",\"stream\":true")]
    public async Task Post_ModelLoadsForLongerThanTheLimit_503ModelLoading(string path, string fields)
    {
        var script = new ScriptedEngineFactory { OnLoad = static token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)) };
        await using var cold = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Pool:LoadWait"] = "50ms" });
        using var response = await OpenAIServer.PostAsync(cold, ResponseText.Question(fields), path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.ServiceUnavailable, "model_loading", null);
        Assert.InRange(int.Parse(Assert.Single(response.Headers.GetValues("Retry-After")), CultureInfo.InvariantCulture), 1, 60);
    }
}
