using System.Text.Json;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Tools;

/// <summary>Tools, forms of calls and plans that the tests of this folder share.</summary>
internal static class ToolTexts
{
    public const string Weather =
        """{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string","maxLength":12},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city"],"additionalProperties":false}}}""";

    public const string Time = """{"type":"function","function":{"name":"time"}}""";

    public static CallSyntax Llama { get; } = new() { ArgumentsKey = "parameters", OtherMarker = "<|python_tag|>" };

    public static CallSyntax Mistral { get; } = new() { Before = "[TOOL_CALLS] [", Between = ", ", After = "]", HasIdMember = true };

    public static CallSyntax MistralNames { get; } = new() { Before = "[TOOL_CALLS]", Between = "[TOOL_CALLS]", NameEnd = "[CALL_ID]", IdEnd = "[ARGS]" };

    public static CallSyntax DeepSeek { get; } = new()
    {
        Before = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>",
        Between = "\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
        After = "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        NameEnd = "\n```json\n",
    };

    public static CallSyntax Of(string name) => name switch
    {
        "generic" => CallSyntax.Generic,
        "llama" => Llama,
        "mistral" => Mistral,
        "mistral-names" => MistralNames,
        "deepseek" => DeepSeek,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    public static JsonElement[] Parse(params string[] tools) => [.. tools.Select(static t => JsonDocument.Parse(t).RootElement)];

    public static CallPlan Plan(CallSyntax syntax, ToolChoice? choice = null, bool parallel = true, params string[] tools)
    {
        var limits = new LimitOptions { GrammarTime = TimeSpan.FromMinutes(1), ToolCalls = 4 };
        var planner = new CallPlanner(new GrammarCompiler(limits, TimeProvider.System), limits);
        var request = new GenerationRequest
        {
            Model = "eye",
            Tools = Parse(tools.Length > 0 ? tools : [Weather, Time]),
            ToolChoice = choice ?? ToolChoice.Auto,
            AllowsParallelToolCalls = parallel,
        };
        planner.Check(request);
        return planner.Plan(request, syntax, new Fakes.FakeTokenizer())!;
    }
}
