using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tests.Tools;
using LlavaServer.Inference.Thinking;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Thinking;

/// <summary>Answers that begin with thoughts, through queue, scheduler and sampler, over an engine that says what the test wants.</summary>
public sealed class ThinkAnswerTests
{
    private const string Call = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";

    private static readonly ThinkMarkers s_markers = new("<think>", "</think>");

    private static readonly Grammar s_json = new GrammarCompiler(new LimitOptions(), TimeProvider.System).JsonObject();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("<think>\nIt is {red}, \"so\" ünd </thin fine.\n</think>\n\n{\"a\": 1}", "It is {red}, \"so\" ünd </thin fine.", "{\"a\": 1}")]
    [InlineData(" <think></think>{\"a\": 1}", "", "{\"a\": 1}")]
    [InlineData("{\"a\": 1}", "", "{\"a\": 1}")]
    public async Task Form_ModelKeepsToIt_ThoughtsAreFree(string answer, string thinking, string content) =>
        Assert.Equal((thinking, content, FinishReason.Stop), await AskAsync(answer, static r => r with { Grammar = s_json }));

    [Fact]
    public async Task Form_ModelWritesText_HeldFromTheEndOfItsThoughtsOn()
    {
        var (thinking, content, reason) = await AskAsync("<think>Hm.</think>\nNo form at all.", static r => r with { Grammar = s_json, MaxTokens = 200 });
        Assert.Equal("Hm.", thinking);
        Assert.StartsWith("{", content, StringComparison.Ordinal);
        if (reason == FinishReason.Stop)
        {
            System.Text.Json.JsonDocument.Parse(content).Dispose();
        }
    }

    [Fact]
    public async Task Form_ModelWritesTextAtOnce_HeldFromTheFirstCharacterOn()
    {
        var (thinking, content, _) = await AskAsync("No thoughts.", static r => r with { Grammar = s_json, MaxTokens = 50 });
        Assert.True(thinking.Length > 0 || content.StartsWith('{'), content);
    }

    [Fact]
    public async Task Form_ModelEndsWithinItsThoughts_ItMayNot()
    {
        var (thinking, _, reason) = await AskAsync("<think>Hm.", static r => r with { Grammar = s_json, MaxTokens = 40 });
        Assert.StartsWith("Hm.", thinking, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Length, reason);
        Assert.Equal(("Hm.", "", FinishReason.Stop), await AskAsync("<think>Hm.", static r => r));
    }

    [Fact]
    public async Task Prompt_EndsWithTheOpeningMarker_AnswerBeginsWithin()
    {
        const string template = "{% for m in messages %}{{ m.role|upper }}: {% if m.reasoning_content %}[{{ m.reasoning_content }}]{% endif %}{{ m.content }} {% endfor %}ASSISTANT: <think>";
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 }, fileTemplate: template);

        // The engine's answers begin behind "ASSISTANT:".
        host.Factory.Answer = _ => " <think>\nSo.\n</think>\n{\"a\": 1}";
        Assert.Equal(("So.", "{\"a\": 1}", FinishReason.Stop), await ReadAsync(host, InferenceHost.Ask("Hi?") with { Thinking = s_markers, Grammar = s_json }));
        Assert.Equal(("So.", "{\"a\": 1}", FinishReason.Stop), await ReadAsync(host, InferenceHost.Ask("Hi?") with { Thinking = s_markers }));
        Assert.Equal(("", "\nSo.\n</think>\n{\"a\": 1}", FinishReason.Stop), await ReadAsync(host, InferenceHost.Ask("Hi?")));
    }

    [Theory]
    [InlineData("<think>Which one?</think>" + Call, "Which one?", "", "time({})")]
    [InlineData("<think>A " + Call + " perhaps.</think>Noon.", "A " + Call + " perhaps.", "Noon.", "")]
    [InlineData("<think>Yes.</think>It is: " + Call, "Yes.", "It is:", "time({})")]
    public async Task Tools_CallsInThoughts_AreThoughts(string answer, string thinking, string content, string call)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        host.Factory.Answer = _ => answer;
        var calls = new List<string>();
        var read = await ReadAsync(host, InferenceHost.Ask("Hi?") with { Thinking = s_markers, Tools = ToolTexts.Parse(ToolTexts.Time), MaxTokens = 600 }, calls);
        Assert.Equal((thinking, content, call.Length > 0 ? FinishReason.ToolCalls : FinishReason.Stop), read);
        Assert.Equal(call, string.Concat(calls));
    }

    [Fact]
    public async Task Tools_CallRequired_ThoughtsMayComeBefore()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        host.Factory.Answer = _ => "<think>Must I?</think>" + Call;
        var calls = new List<string>();
        var request = InferenceHost.Ask("Hi?") with { Thinking = s_markers, Tools = ToolTexts.Parse(ToolTexts.Time), ToolChoice = ToolChoice.Required, AllowsParallelToolCalls = false, MaxTokens = 600 };
        Assert.Equal(("Must I?", "", FinishReason.ToolCalls), await ReadAsync(host, request, calls));
        Assert.Equal("time({})", string.Concat(calls));
    }

    [Fact]
    public async Task Markers_ControlTokens_AreSeenAndNeverText()
    {
        var tokenizer = new FakeTokenizer("<think>", "</think>");
        await using var host = new InferenceHost(new FakeEngineFactory { Tokenizer = tokenizer, ContextLength = 4096 });
        host.Factory.AnswerTokens = _ => [tokenizer.FindToken("<think>"), .. Bytes("Hm."), tokenizer.FindToken("</think>"), .. Bytes("{}")];
        foreach (var grammar in new[] { null, s_json })
        {
            Assert.Equal(("Hm.", "{}", FinishReason.Stop), await ReadAsync(host, InferenceHost.Ask("Hi?") with { Thinking = s_markers, Grammar = grammar }));
        }

        static IEnumerable<int> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text).Select(static b => FakeTokenizer.FirstByte + b);
    }

    [Fact]
    public async Task Choices_EachThinksForItself()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        host.Factory.Answer = _ => "<think>Hm.</think>{}";
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("Hi?") with { Thinking = s_markers, Choices = 2, Grammar = s_json }, Token);
        var texts = new[] { ("", ""), ("", "") };
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            var (thinking, content) = texts[update.Choice];
            texts[update.Choice] = (thinking + update.Thinking, content + update.Text);
        }

        Assert.Equal([("Hm.", "{}"), ("Hm.", "{}")], texts);
    }

    private static async Task<(string Thinking, string Content, FinishReason Reason)> AskAsync(string answer, Func<GenerationRequest, GenerationRequest> change)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        host.Factory.Answer = _ => answer;
        var result = await ReadAsync(host, change(InferenceHost.Ask("Hi?") with { Thinking = s_markers, MaxTokens = 600 }));
        await host.AssertIdleAsync();
        return result;
    }

    private static async Task<(string Thinking, string Content, FinishReason Reason)> ReadAsync(InferenceHost host, GenerationRequest request, List<string>? calls = null)
    {
        await using var generation = await host.Generator.StartAsync(request, Token);
        var (thinking, content) = ("", "");
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            thinking += update.Thinking;
            content += update.Text;
            foreach (var delta in update.ToolCalls ?? [])
            {
                calls?.Add(delta.Name is not null ? $"{delta.Name}({delta.Arguments}" : delta.Arguments);
            }

            if (update.FinishReason is { } reason)
            {
                if (calls is { Count: > 0 })
                {
                    calls.Add(")");
                }

                return (thinking, content, reason);
            }
        }

        throw new InvalidOperationException("The answer has no end.");
    }
}
