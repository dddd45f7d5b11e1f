using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Tools;

/// <summary>Answers with calls through queue, scheduler and sampler, over an engine that says what the test wants.</summary>
public sealed class ToolAnswerTests
{
    private const string Call = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Plain text.", "Plain text.", "", FinishReason.Stop)]
    [InlineData("Look: " + Call, "Look:", "time({})", FinishReason.ToolCalls)]
    [InlineData(Call + "\n" + Call, "", "time({});time({})", FinishReason.ToolCalls)]
    public async Task Auto_ModelDecides_TextOrCalls(string answer, string content, string calls, FinishReason reason) =>
        Assert.Equal((content, calls, reason), await AskAsync(answer, static r => r));

    [Fact]
    public async Task Auto_CallThatBreaksTheForm_IsHeldFromTheMarkerOn()
    {
        var (content, calls, reason) = await AskAsync("So <tool_call> I do not know how", static r => r);
        Assert.Equal(("So", FinishReason.ToolCalls), (content, reason));
        Assert.Matches(@"^(time\(\{\s*\}\);?)+$", calls);
    }

    [Fact]
    public async Task None_ModelWritesACall_IsText() =>
        Assert.Equal((Call, "", FinishReason.Stop), await AskAsync(Call, static r => r with { ToolChoice = ToolChoice.None }));

    [Fact]
    public async Task Required_ModelWritesText_Calls()
    {
        var (content, calls, reason) = await AskAsync("I will not.", static r => r with { ToolChoice = ToolChoice.Required, AllowsParallelToolCalls = false });
        Assert.Equal(("", FinishReason.ToolCalls), (content, reason));
        Assert.Matches(@"^time\(\{\s*\}\)$", calls);
    }

    [Fact]
    public async Task Stop_TextOfACall_DoesNotEndIt()
    {
        Assert.Equal(("A", "time({})", FinishReason.ToolCalls), await AskAsync("A " + Call, static r => r with { Stop = ["name", "}"] }));
        Assert.Equal(("A", "", FinishReason.Stop), await AskAsync("A name " + Call, static r => r with { Stop = [" name"] }));
    }

    [Fact]
    public async Task MaxTokens_InACall_IsLength()
    {
        var (_, calls, reason) = await AskAsync(Call, static r => r with { MaxTokens = 42 });
        Assert.Equal(("time()", FinishReason.Length), (calls, reason));
    }

    [Fact]
    public async Task Form_BesideFreeTools_IsEither()
    {
        var grammar = new LlavaServer.Inference.Grammars.GrammarCompiler(new LimitOptions(), TimeProvider.System).JsonObject();
        Assert.Equal(("{\"a\": 1}", "", FinishReason.Stop), await AskAsync("{\"a\": 1}", r => r with { Grammar = grammar }));
        Assert.Equal(("", "time({})", FinishReason.ToolCalls), await AskAsync(Call, r => r with { Grammar = grammar }));
        await using var host = new InferenceHost();
        var refused = await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(
            InferenceHost.Ask("Hi?") with { Tools = ToolTexts.Parse(ToolTexts.Time), ToolChoice = ToolChoice.Required, Grammar = grammar }, Token));
        Assert.Equal("tool_choice", refused.Parameter);
    }

    [Fact]
    public async Task ControlToken_ThatBeginsACall_IsSeenAndNeverText()
    {
        var tokenizer = new FakeTokenizer("<tool_call>", "</tool_call>", "<other>");
        await using var host = new InferenceHost(new FakeEngineFactory { Tokenizer = tokenizer, ContextLength = 4096 });
        host.Factory.AnswerTokens = _ =>
        [
            .. Bytes("A"), tokenizer.FindToken("<other>"), tokenizer.FindToken("</tool_call>"), tokenizer.FindToken("<tool_call>"),
            .. Bytes("{\"name\":\"time\",\"arguments\":{}}"), tokenizer.FindToken("</tool_call>"),
        ];
        Assert.Equal(("A", "time({})", FinishReason.ToolCalls), await ReadAsync(host, InferenceHost.Ask("Hi?") with { Tools = ToolTexts.Parse(ToolTexts.Time) }));
        Assert.Equal("A{\"name\":\"time\",\"arguments\":{}}", (await host.AnswerAsync(InferenceHost.Ask("Hi?"), Token)).Text);

        static IEnumerable<int> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text).Select(static b => FakeTokenizer.FirstByte + b);
    }

    [Theory]
    [InlineData("{{ '[TOOL_CALLS]' }}[{% for c in m.tool_calls %}{{ c.function|tojson }}{{ ', ' if not loop.last }}{% endfor %}]", "[TOOL_CALLS]", "[{\"name\": \"time\", \"arguments\": {}}]")]
    [InlineData("{% set f = m.tool_calls[0].function %}{\"name\": \"{{ f.name }}\", \"parameters\": {{ f.arguments|tojson }}}", "", "{\"name\": \"time\", \"parameters\": {}}")]
    [InlineData("{% for c in m.tool_calls %}{{ '[TOOL_CALLS]' + c.function.name + '[ARGS]' }}{{ c.function.arguments|tojson }}{% endfor %}", "[TOOL_CALLS]", "time[ARGS]{}")]
    public async Task Auto_TemplateWithItsOwnForm_IsPromptedHeldAndReadInIt(string calls, string marker, string rest)
    {
        var template = "{% if tools %}TOOLS {{ tools|tojson }} {% endif %}{% for m in messages %}{% if m.role == 'tool' %}RESULT {{ m.content }} "
            + "{% elif m.tool_calls %}ASSISTANT: " + calls + "{{ eos_token }}{% elif m.role == 'assistant' %}ASSISTANT: {{ m.content }}{{ eos_token }}"
            + "{% else %}{{ m.role|upper }}: {{ m.content }} {% endif %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}";
        var tokenizer = new FakeTokenizer("[TOOL_CALLS]");
        await using var host = new InferenceHost(new FakeEngineFactory { Tokenizer = tokenizer, ContextLength = 4096 }, fileTemplate: template);
        var prompt = "";
        host.Factory.AnswerTokens = fed =>
        {
            prompt = fed;
            int[] begin = marker.Length > 0 ? [tokenizer.FindToken(marker)] : [];
            return [.. begin, .. System.Text.Encoding.UTF8.GetBytes(rest).Select(static b => FakeTokenizer.FirstByte + b)];
        };
        var request = InferenceHost.Ask("Hi?") with { Tools = ToolTexts.Parse(ToolTexts.Time) };
        Assert.Equal(("", "time({})", FinishReason.ToolCalls), await ReadAsync(host, request));
        Assert.Contains("TOOLS [", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("You may call", prompt, StringComparison.Ordinal);
        host.Factory.AnswerTokens = static _ => [.. "No."u8.ToArray().Select(static b => FakeTokenizer.FirstByte + b)];
        Assert.Equal(("No.", "", FinishReason.Stop), await ReadAsync(host, request));
        var (_, required, reason) = await ReadAsync(host, request with { ToolChoice = ToolChoice.Required, AllowsParallelToolCalls = false, MaxTokens = 1000 });
        Assert.Equal(FinishReason.ToolCalls, reason);
        Assert.Matches(@"^time\(\{\s*\}\)$", required);
    }

    private static async Task<(string Content, string Calls, FinishReason Reason)> AskAsync(string answer, Func<GenerationRequest, GenerationRequest> change)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        host.Factory.Answer = _ => answer;
        var result = await ReadAsync(host, change(InferenceHost.Ask("Hi?") with { Tools = ToolTexts.Parse(ToolTexts.Time), MaxTokens = 600 }));
        await host.AssertIdleAsync();
        return result;
    }

    private static async Task<(string Content, string Calls, FinishReason Reason)> ReadAsync(InferenceHost host, GenerationRequest request)
    {
        await using var generation = await host.Generator.StartAsync(request, Token);
        var (content, calls) = ("", new List<string>());
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            content += update.Text;
            foreach (var delta in update.ToolCalls ?? [])
            {
                if (delta.Name is not null)
                {
                    calls.Add(delta.Name + "(");
                }

                calls[delta.Index] += delta.Arguments;
            }

            if (update.FinishReason is { } reason)
            {
                Assert.True(update.Usage!.CompletionTokens > 0);
                return (content, string.Join(';', calls.Select(static c => c + ")")), reason);
            }
        }

        throw new InvalidOperationException("The answer has no end.");
    }
}
