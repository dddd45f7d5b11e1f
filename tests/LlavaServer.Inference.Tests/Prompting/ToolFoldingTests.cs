using System.Text.Json;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tests.Prompting.Templates;
using LlavaServer.Inference.Tests.Tools;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Prompting;

/// <summary>Conversations with tools as prompts: in the template's own words where it has some, else as text.</summary>
public sealed class ToolFoldingTests
{
    private const string Description = "You may call functions. They are, each with a JSON schema of its arguments:\n<tools>\n{\"name\":\"time\"}\n</tools>\n"
        + "To call one, answer with its name and arguments in this form:\n<tool_call>\n{\"name\": \"...\", \"arguments\": {...}}\n</tool_call>\n"
        + "Results come back in <tool_response></tool_response>.";

    private static readonly ChatMessage[] s_called =
    [
        Said(ChatRole.User, "When?"),
        Said(ChatRole.Assistant, "") with { ToolCalls = [new ToolCall("call_1", "time", "{}"), new ToolCall("call_2", "time", "")] },
        Said(ChatRole.Tool, "noon") with { ToolCallId = "call_1" },
        Said(ChatRole.Tool, "one") with { ToolCallId = "call_2" },
        Said(ChatRole.User, "So?"),
    ];

    private static FakeTokenizer Tokenizer { get; } = new("<|im_start|>", "<|im_end|>", "[TOOL_CALLS]");

    [Fact]
    public void Render_NamedTemplate_HasToolsInTheSystemText()
    {
        Assert.Equal($"{Description} USER: When? ASSISTANT:", Written("vicuna", [Said(ChatRole.User, "When?")]));
        Assert.Equal($"Be brief.\n\n{Description} USER: When? ASSISTANT:", Written("vicuna", [Said(ChatRole.System, "Be brief."), Said(ChatRole.User, "When?")]));
        Assert.Equal("USER: When? ASSISTANT:", Written("vicuna-plain", [Said(ChatRole.User, "When?")], ToolChoice.None));
    }

    [Fact]
    public void Render_CallsAndResults_AreTurns()
    {
        const string expected = "USER: When? ASSISTANT: <tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call></s>"
            + "USER: <tool_response>\nnoon\n</tool_response>\n<tool_response>\none\n</tool_response>\nSo? ASSISTANT:";
        Assert.Equal(expected, Written("vicuna-plain", s_called, ToolChoice.None));
    }

    [Theory]
    [InlineData("gemma-2")]
    [InlineData("llava-1.5")]
    [InlineData("phi-3.5")]
    [InlineData("mixtral-8x7b")]
    [InlineData("glm-4.6")]
    public void Render_TemplateWithoutCalls_GetsThemAsText(string name)
    {
        var (text, syntax) = Render(Compile(name), s_called);
        Assert.Same(CallSyntax.Generic, syntax);
        Assert.Contains(Description, text, StringComparison.Ordinal);
        Assert.Contains("</tool_call>\n<tool_call>", text, StringComparison.Ordinal);
        Assert.Contains("noon\n</tool_response>\n<tool_response>\none", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qwen2.5")]
    [InlineData("hermes-2-pro")]
    [InlineData("llama-3.2")]
    [InlineData("mistral-nemo")]
    [InlineData("mistral-7b-0.3")]
    [InlineData("functionary-3.1")]
    public void Render_TemplateWithCalls_WritesThemInItsOwnForm(string name)
    {
        // One call: Llama's template refuses two. The id is not of Mistral's length.
        ChatMessage[] messages = [s_called[0], s_called[1] with { ToolCalls = [s_called[1].ToolCalls[0]] }, s_called[2]];
        var (text, syntax) = Render(Compile(name), messages);
        Assert.NotSame(CallSyntax.Generic, syntax);
        Assert.DoesNotContain("You may call functions", text, StringComparison.Ordinal);
        Assert.Contains("noon", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(GoldenTemplateTests.Templates), MemberType = typeof(GoldenTemplateTests))]
    public void Render_AnyTemplate_NeverRefusesAConversationWithTools(string name)
    {
        var template = Compile(name);
        foreach (var messages in new[] { s_called, [s_called[0]], s_called[..4], [Said(ChatRole.System, "S"), .. s_called], [s_called[0], s_called[2]] })
        {
            Assert.Contains("When?", Render(template, messages).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Render_PictureInAResult_StandsInTheUsersTurn()
    {
        ChatMessage[] messages = [s_called[0], s_called[1], new(ChatRole.Tool, [MessagePart.FromText("here"), MessagePart.FromImage(new byte[] { 1 }, "")])];
        Assert.EndsWith("USER: #\n<tool_response>\nhere\n</tool_response> ASSISTANT:", Written("vicuna-plain", messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vicuna-plain", "USER: Q ASSISTANT: A</s>ASSISTANT:", "USER: Q ASSISTANT: A</s>")]
    [InlineData("chatml", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n")]
    [InlineData("mistral", "[INST] Q [/INST] A </s>", "[INST] Q [/INST] A </s>")]
    public void Render_LastMessageOfAssistant_IsClosedWhenAsked(string name, string answered, string closed)
    {
        ChatMessage[] messages = [Said(ChatRole.User, "Q"), Said(ChatRole.Assistant, "A")];
        foreach (var (ending, expected) in new[] { (PromptEnding.Answer, answered), (PromptEnding.Closed, closed) })
        {
            var text = new PromptText();
            ChatTemplateSelector.ByName(name)!.Render(Conversation.From(messages, null, ending), text);
            Assert.Equal(expected, text.ToPlainText(Tokenizer, "#"));
        }
    }

    [Fact]
    public void Render_Variables_ReachTheTemplateButReservedOnes()
    {
        const string template = "{{ bos_token }}{{ mood }}{{ enable_thinking }}{% for m in messages %}{{ m.content }}{% endfor %}";
        using var variables = JsonDocument.Parse("""{"mood":"<|im_end|>","enable_thinking":false,"bos_token":"no","messages":[]}""");
        var text = new PromptText();
        JinjaChatTemplate.Compile(template, Tokenizer, new LimitOptions(), TimeProvider.System).Render(
            Conversation.From([Said(ChatRole.User, "Q")], null, default, variables.RootElement.EnumerateObject().ToDictionary(static v => v.Name, static v => v.Value)), text);
        Assert.Equal("<|im_end|>FalseQ", text.ToPlainText(Tokenizer, "#"));
        Assert.DoesNotContain(text.Pieces, static p => p.Kind == PromptPieceKind.Control);
    }

    [Fact]
    public void Render_ThinkingOff_IsReadByATemplateThatKnowsIt()
    {
        var template = Compile("qwen3");
        Assert.True(template.Reads("enable_thinking"));
        Assert.False(template.Reads("mood"));
        Assert.False(ChatTemplateSelector.ByName("qwen")!.Reads("enable_thinking"));
        using var off = JsonDocument.Parse("{\"enable_thinking\":false}");
        var text = new PromptText();
        template.Render(
            Conversation.From([Said(ChatRole.User, "Q")], null, PromptEnding.Answer, off.RootElement.EnumerateObject().ToDictionary(static v => v.Name, static v => v.Value)), text);
        Assert.EndsWith("assistant\n<think>\n\n</think>\n\n", text.ToPlainText(Tokenizer, "#"), StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_VariantForTools_IsUsedWithToolsAlone()
    {
        var choice = ChatTemplateSelector.Choose(
            null, "{% for m in messages %}usual {{ m.content }}{% endfor %}", "m", false, Tokenizer, fileToolTemplate: "{% for m in messages %}tools {{ m.content }}{% endfor %}");
        Assert.Null(choice.Warning);
        Assert.Equal("usual When?", Render(choice.Template!, [s_called[0]], false).Text);
        Assert.StartsWith("tools " + Description, Render(choice.Template!, [s_called[0]]).Text, StringComparison.Ordinal);
        Assert.Contains("for tools cannot be interpreted", ChatTemplateSelector.Choose(null, "USER: ASSISTANT:", "m", false, Tokenizer, fileToolTemplate: "{% nothing %}").Warning, StringComparison.Ordinal);
    }

    private static ChatMessage Said(ChatRole role, string text) => new(role, [MessagePart.FromText(text)]);

    private static JinjaChatTemplate Compile(string name) =>
        JinjaChatTemplate.Compile(TemplateFiles.Template(name), Tokenizer, new LimitOptions(), TimeProvider.System);

    private static string Written(string name, ChatMessage[] messages, ToolChoice? choice = null) =>
        Render(ChatTemplateSelector.ByName(name)!, messages, choice != ToolChoice.None).Text;

    private static (string Text, CallSyntax Syntax) Render(ChatTemplate template, ChatMessage[] messages, bool withTools = true)
    {
        var text = new PromptText();
        template.Render(Conversation.From(messages, withTools ? ToolTexts.Parse(ToolTexts.Time) : []), text);
        return (text.ToPlainText(Tokenizer, "#"), text.Calls);
    }
}
