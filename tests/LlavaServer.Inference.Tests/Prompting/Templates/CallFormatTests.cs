using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Prompting.Templates;

/// <summary>How models call tools, as their templates show it.</summary>
public sealed class CallFormatTests
{
    private const string Hermes = "<tool_call> | </tool_call> <tool_call> | </tool_call> | arguments | ";

    [Theory]
    [InlineData("hermes-2-pro", Hermes)]
    [InlineData("qwen2.5", Hermes)]
    [InlineData("qwen3", Hermes)]
    [InlineData("qwq", Hermes)]
    [InlineData("mimo-vl", Hermes)]
    [InlineData("granite-4.0", Hermes)]
    [InlineData("llama-3.1", " | - | | parameters | <|python_tag|>")]
    [InlineData("llama-3.2", " | - | | parameters | ")]
    [InlineData("mistral-7b-0.3", "[TOOL_CALLS] [ | , | ] | arguments | id")]
    [InlineData("mistral-nemo", "[TOOL_CALLS][ | , | ] | arguments | id")]
    [InlineData("mistral-small-3.2", "[TOOL_CALLS] | [TOOL_CALLS] | | [CALL_ID] id [ARGS] | ")]
    [InlineData("functionary-3.1", "<function= | </function><function= | </function> | > | ")]
    [InlineData("nemotron-nano-2", "<TOOLCALL>[ | , | ]</TOOLCALL> | arguments | ")]
    [InlineData("gemma-3", "none")]
    [InlineData("llava-1.5", "none")]
    [InlineData("glm-4.6", "none")]
    [InlineData("qwen3-coder", "none")]
    [InlineData("gpt-oss", "none")]
    [InlineData("smollm3", "none")]
    public void Calls_RealTemplate_AreOfItsForm(string name, string expected)
    {
        var tokenizer = new FakeTokenizer("<SPECIAL_12>") { EndTokens = ["<SPECIAL_12>"] };
        var calls = JinjaChatTemplate.Compile(TemplateFiles.Template(name), tokenizer, new LimitOptions(), TimeProvider.System).Capabilities.Calls;
        var form = calls is null
            ? "none"
            : $"{calls.Before} | {calls.Between ?? "-"} | {calls.After} | {(calls.NameEnd is null ? calls.ArgumentsKey : calls.IdEnd is null ? calls.NameEnd : $"{calls.NameEnd} id {calls.IdEnd}")} | {calls.OtherMarker}{(calls.HasIdMember ? "id" : "")}";
        Assert.Equal(Words(expected), Words(form));
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
