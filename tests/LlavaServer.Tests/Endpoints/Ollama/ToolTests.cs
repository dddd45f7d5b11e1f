using System.Text.RegularExpressions;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>Tools in Ollama's dialect: whole calls with arguments as objects, and conversations with results.</summary>
public sealed partial class ToolTests
{
    private const string Tools = "\"tools\":" + """[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},{"function":{"name":"clock.now"}}]""";
    private const string Call = "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}</tool_call>";
    private const string Now = "<tool_call>{\"name\": \"clock.now\", \"arguments\": {}}</tool_call>";

    [Fact]
    public async Task Whole_Calls_AreObjectsBesideTheContent()
    {
        await using var server = await StartAsync("Wait. " + Call + Now);
        var reply = await server.PostAsync("/api/chat", Ask("\"stream\":false"));
        Assert.StartsWith(
            """{"model":"eye","created_at":"T","message":{"role":"assistant","content":"Wait.","tool_calls":[{"id":"call_","function":{"index":0,"name":"weather","arguments":{"city":"Oslo"}}},{"id":"call_","function":{"index":1,"name":"clock.now","arguments":{}}}]},"done":true,"done_reason":"stop",""",
            WithoutIds(OllamaWire.WithoutTimes(reply.Body)).Replace("\"city\": \"Oslo\"", "\"city\":\"Oslo\"", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_Calls_ComeWholeAndEachOnce()
    {
        await using var server = await StartAsync(Call + Now);
        var reply = await server.PostAsync("/api/chat", Ask("\"stream\":true"));
        var lines = WithoutIds(OllamaWire.WithoutTimes(reply.Body)).Replace("\"city\": \"Oslo\"", "\"city\":\"Oslo\"", StringComparison.Ordinal).Split('\n');
        Assert.Equal("""{"model":"eye","created_at":"T","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_","function":{"index":0,"name":"weather","arguments":{"city":"Oslo"}}}]},"done":false}""", lines[0]);
        Assert.Equal("""{"model":"eye","created_at":"T","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_","function":{"index":1,"name":"clock.now","arguments":{}}}]},"done":false}""", lines[1]);
        Assert.StartsWith("""{"model":"eye","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",""", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_CutByTheLimit_IsLeftOut()
    {
        await using var server = await StartAsync(Call);
        var reply = await server.PostAsync("/api/chat", Ask("\"stream\":false,\"options\":{\"num_predict\":50}"));
        Assert.Equal("length", reply.Json.GetProperty("done_reason").GetString());
        Assert.False(reply.Json.GetProperty("message").TryGetProperty("tool_calls", out _));
    }

    [Fact]
    public async Task Conversation_CallsAndResults_ReachTheModel()
    {
        await using var server = await StartAsync("Cold.");
        var reply = await server.PostAsync("/api/chat", """
            {"model":"eye","stream":false,"messages":[{"role":"user","content":"Weather?"},
             {"role":"assistant","content":"","tool_calls":[{"id":"call_abc","function":{"index":0,"name":"weather","arguments":{"city":"Oslo"}}}]},
             {"role":"tool","tool_name":"weather","content":"snow"},{"role":"tool","tool_name":"weather","content":"wind"}]}
            """);
        Assert.Equal("Cold.", reply.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(
            "<s>USER: Weather? ASSISTANT: <tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\"}}\n</tool_call></s>"
            + "USER: <tool_response>\nsnow\n</tool_response>\n<tool_response>\nwind\n</tool_response> ASSISTANT:",
            server.Script.LastPrompt);
    }

    [Fact]
    public void ToGeneration_ThinkFalse_IsTheTemplatesVariable()
    {
        using var model = new ScriptedModel("eye", sees: true);
        Assert.Empty(OllamaMapper.ToGeneration(new OllamaChatRequest(), model.Entry).TemplateVariables);
        Assert.False(OllamaMapper.ToGeneration(new OllamaChatRequest { SwitchesThinkingOff = true }, model.Entry).TemplateVariables["enable_thinking"].GetBoolean());
        Assert.False(OllamaMapper.ToGeneration(new OllamaGenerateRequest { SwitchesThinkingOff = true }, model.Entry).TemplateVariables["enable_thinking"].GetBoolean());
    }

    private static Task<ScriptedServer> StartAsync(string answer) =>
        ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = _ => answer, ContextLength = 4096 });

    private static string Ask(string members) => $$"""{"model":"eye",{{Tools}},{{members}},"messages":[{"role":"user","content":"Hi"}]}""";

    private static string WithoutIds(string text) => CallId().Replace(text, "\"call_\"");

    [GeneratedRegex("\"call_[a-z0-9]{8}\"")]
    private static partial Regex CallId();
}
