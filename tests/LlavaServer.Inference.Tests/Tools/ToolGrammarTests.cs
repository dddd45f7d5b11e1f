using System.Text.Json;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tests.Grammars;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Tools;

public sealed class ToolGrammarTests
{
    private const string Call = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";
    private const string City = "<tool_call>{\"name\":\"get_weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}</tool_call>";

    [Theory]
    [InlineData("", true)]
    [InlineData("Any text, \u00e9 < \U0001f600 <tool_cal", true)]
    [InlineData("Text.\n" + Call, true)]
    [InlineData(Call + "\n" + City, true)]
    [InlineData(Call + " more text", false)]
    [InlineData("<tool_call>text", false)]
    [InlineData("<tool_call>{\"name\": \"nobody\", \"arguments\": {}}</tool_call>", false)]
    [InlineData("<tool_call>{\"name\": \"get_weather\", \"arguments\": {}}</tool_call>", false)]
    [InlineData("<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":0}}</tool_call>", false)]
    [InlineData("<tool_call>{\"name\": \"time\", \"arguments\": {\"zone\":1}}</tool_call>", false)]
    public void Auto_GenericForm_HoldsFromTheMarkerOn(string text, bool accepted) =>
        Assert.Equal(accepted, GrammarText.Accepts(ToolTexts.Plan(CallSyntax.Generic).Grammar, text));

    [Theory]
    [InlineData("{\"name\": \"time\", \"parameters\": {}}", true)]
    [InlineData("{\"name\": \"time\"}", false)]
    [InlineData("{\"name\": \"Anna\", \"age\": 3}", true)]
    [InlineData("{\"name\": \"timer\"}", true)]
    [InlineData("Text {\"name\": \"time\"}", true)]
    [InlineData("<|python_tag|>{\"name\": \"time\", \"parameters\": {}}", true)]
    [InlineData("<|python_tag|>print(1)", false)]
    public void Auto_BareForm_IsACallOnlyIfTheAnswerBeginsAsOne(string text, bool accepted) =>
        Assert.Equal(accepted, GrammarText.Accepts(ToolTexts.Plan(ToolTexts.Llama).Grammar, text));

    [Theory]
    [InlineData("", false)]
    [InlineData("Text " + Call, false)]
    [InlineData(Call, true)]
    [InlineData(Call + Call + Call + Call, true)]
    [InlineData(Call + Call + Call + Call + Call, false)]
    public void Required_GenericForm_IsOneToTheMostCalls(string text, bool accepted) =>
        Assert.Equal(accepted, GrammarText.Accepts(ToolTexts.Plan(CallSyntax.Generic, ToolChoice.Required).Grammar, text));

    [Fact]
    public void NamedAndNotParallel_AnyForm_AreOneCallAndEnd()
    {
        var named = ToolTexts.Plan(CallSyntax.Generic, ToolChoice.Named("time")).Grammar;
        Assert.True(GrammarText.Accepts(named, Call));
        Assert.False(GrammarText.Accepts(named, City));
        Assert.False(GrammarText.Accepts(named, Call + Call));
        foreach (var choice in new[] { ToolChoice.Auto, ToolChoice.Required })
        {
            var single = ToolTexts.Plan(CallSyntax.Generic, choice, parallel: false).Grammar;
            Assert.True(GrammarText.Accepts(single, City));
            Assert.False(GrammarText.Accepts(single, City + Call));
            Assert.True(IsFinal(single, City));
        }
    }

    [Theory]
    [InlineData("generic")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("mistral-names")]
    [InlineData("deepseek")]
    public void Required_ModelThatKnowsNothing_CallsWithArgumentsThatHold(string syntax)
    {
        using var schema = JsonDocument.Parse(ToolTexts.Weather);
        var parameters = schema.RootElement.GetProperty("function").GetProperty("parameters");
        var plan = ToolTexts.Plan(ToolTexts.Of(syntax), ToolChoice.Required);
        for (uint seed = 1; seed <= 12; seed++)
        {
            var (text, isComplete) = RandomAnswer.Write(plan.Grammar, new FakeTokenizer(), seed, closeAfter: 20);
            Assert.True(isComplete, text);
            var reader = new ToolCallReader(plan);
            var calls = reader.Read(new GenerationUpdate { Text = text })!.ToolCalls!;
            Assert.Equal(FinishReason.ToolCalls, reader.Read(new GenerationUpdate { FinishReason = FinishReason.Stop })!.FinishReason);
            foreach (var call in calls.GroupBy(static d => d.Index))
            {
                using var arguments = JsonDocument.Parse(string.Concat(call.Select(static d => d.Arguments)));
                Assert.True(call.First().Name is "time" or "get_weather", text);
                Assert.Null(call.First().Name == "get_weather" ? new SchemaValidator(parameters).Check(arguments.RootElement) : null);
                Assert.Equal(JsonValueKind.Object, arguments.RootElement.ValueKind);
            }
        }
    }

    [Theory]
    [InlineData("generic", "Well, <<tool_call>")]
    [InlineData("generic", "<tool_call")]
    [InlineData("llama", "{\"name\": \"time\"")]
    [InlineData("llama", "{\"name\": \"timeless\"")]
    [InlineData("llama", "So <|python_tag|>")]
    [InlineData("mistral", "[TOOL_CALLS]")]
    [InlineData("mistral-names", "See [TOOL_CALLS]g")]
    [InlineData("deepseek", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>")]
    public void Auto_ModelThatKnowsNothing_WhateverIsReadAsACallHolds(string syntax, string begins)
    {
        using var schema = JsonDocument.Parse(ToolTexts.Weather);
        var parameters = schema.RootElement.GetProperty("function").GetProperty("parameters");
        var plan = ToolTexts.Plan(ToolTexts.Of(syntax));
        var calls = 0;
        for (uint seed = 1; seed <= 12; seed++)
        {
            var (text, isComplete) = RandomAnswer.Write(plan.Grammar, new FakeTokenizer(), seed, closeAfter: 60, begins: begins);
            Assert.True(isComplete, text);
            var reader = new ToolCallReader(plan);
            var read = reader.Read(new GenerationUpdate { Text = text, FinishReason = FinishReason.Stop })!;
            Assert.Equal(read.ToolCalls is null ? FinishReason.Stop : FinishReason.ToolCalls, read.FinishReason);
            foreach (var call in (read.ToolCalls ?? []).GroupBy(static d => d.Index))
            {
                using var arguments = JsonDocument.Parse(string.Concat(call.Select(static d => d.Arguments)));
                Assert.Null(call.First().Name == "get_weather" ? new SchemaValidator(parameters).Check(arguments.RootElement) : null);
                calls++;
            }
        }

        Assert.True(calls >= 12 || begins is "<tool_call" or "{\"name\": \"timeless\"", $"{calls} calls");
    }

    [Theory]
    [InlineData("""{"type":"array"}""")]
    [InlineData("""{"type":"object","properties":{"x":{"type":"nothing"}}}""")]
    [InlineData("""{"$ref":"http://somewhere/else"}""")]
    [InlineData("true")]
    public void Check_SchemaThatCannotBeHeld_IsRefusedByItsPlace(string parameters)
    {
        var tool = $$$"""{"type":"function","function":{"name":"f","parameters":{{{parameters}}}}}""";
        var failure = Assert.Throws<InferenceException>(() => ToolTexts.Plan(CallSyntax.Generic, null, true, ToolTexts.Time, tool));
        Assert.Equal((InferenceError.InvalidSchema, "tools[1].function.parameters"), (failure.Error, failure.Parameter));
    }

    /// <summary>As programs write them: what a grammar cannot hold is the program's to check, the rest is held.</summary>
    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer","not":{"const":3}}},"required":["a"]}""", "{\"a\": 3}", "{\"a\": \"x\"}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"},"uniqueItems":true}}}""", "{\"a\": [1, 1]}", "{\"a\": [\"x\"]}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","pattern":"^(?=x)"}}}""", "{\"a\": \"y\"}", "{\"a\": 1}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"number","multipleOf":0.7}}}""", "{\"a\": 0.6}", "{\"a\": null}")]
    [InlineData("""{"type":"object","properties":{"a":{"oneOf":[{"type":"integer"},{"type":"number"}]}}}""", "{\"a\": 1}", "{\"a\": true}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"patternProperties":{"^x":{"type":"integer"}},"required":["a"]}""", "{\"a\": 1}", "{}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"if":{"required":["a"]},"then":{"required":["b"]}}""", "{\"a\": 1}", "[]")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer","not":{"const":3}}}}""", "{\"a\": 3}", "{\"a\": \"x\"}")]
    public void Arguments_PartThatCannotBeHeld_LooseUnlessStrict(string parameters, string held, string broken)
    {
        string Tool(string strict) => $$$"""{"type":"function","function":{"name":"f",{{{strict}}}"parameters":{{{parameters}}}}}""";
        foreach (var choice in new[] { ToolChoice.Required, ToolChoice.Auto })
        {
            var grammar = ToolTexts.Plan(ToolTexts.Llama, choice, true, Tool("\"strict\":false,")).Grammar;
            Assert.True(GrammarText.Accepts(grammar, $$"""{"name": "f", "parameters": {{held}}}"""));
            Assert.False(GrammarText.Accepts(grammar, $$"""{"name": "f", "parameters": {{broken}}}"""));
        }

        var failure = Assert.Throws<InferenceException>(() => ToolTexts.Plan(ToolTexts.Llama, null, true, Tool("\"strict\":true,")));
        Assert.Equal((InferenceError.InvalidSchema, "tools[0].function.parameters"), (failure.Error, failure.Parameter));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{}}""", "{}", "{\"a\": 1}")]
    [InlineData("""{"properties":{"a":{"type":"integer"}}}""", "{\"a\": 1}", "{\"a\": 1, \"b\": 2}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"integer"}}""", "{\"a\": 1, \"b\": 2}", "{\"b\": \"x\"}")]
    [InlineData("""{"type":["object","null"]}""", "{\"b\": 1}", "null")]
    [InlineData("{}", "{\"b\": 1}", "1")]
    public void Arguments_SchemaOfAnyForm_AreAnObjectWithWhatItNames(string parameters, string held, string broken)
    {
        var tool = $$$"""{"type":"function","function":{"name":"f","parameters":{{{parameters}}}}}""";
        var grammar = ToolTexts.Plan(ToolTexts.Llama, ToolChoice.Required, true, tool).Grammar;
        Assert.True(GrammarText.Accepts(grammar, $$"""{"name": "f", "parameters": {{held}}}"""));
        Assert.False(GrammarText.Accepts(grammar, $$"""{"name": "f", "parameters": {{broken}}}"""));
    }

    [Fact]
    public void Check_ChoiceWithoutItsTool_IsRefused()
    {
        Assert.Equal("tool_choice", Assert.Throws<InferenceException>(() => ToolTexts.Plan(CallSyntax.Generic, ToolChoice.Named("nobody"))).Parameter);
        Assert.Equal("tools[1].function.name", Assert.Throws<InferenceException>(() => ToolTexts.Plan(CallSyntax.Generic, null, true, ToolTexts.Time, ToolTexts.Time)).Parameter);
    }

    [Fact]
    public void Plan_ManyToolsAgain_IsTheSameGrammar()
    {
        var limits = new LimitOptions { GrammarTime = TimeSpan.FromMinutes(1) };
        var planner = new CallPlanner(new GrammarCompiler(limits, TimeProvider.System), limits);
        var tools = Enumerable.Range(0, 40).Select(i => ToolTexts.Weather.Replace("get_weather", $"tool_{i}", StringComparison.Ordinal)).ToArray();
        Grammar Plan()
        {
            var request = new GenerationRequest { Model = "eye", Tools = ToolTexts.Parse(tools) };
            planner.Check(request);
            return planner.Plan(request, CallSyntax.Generic, new FakeTokenizer())!.Grammar;
        }

        Assert.Same(Plan(), Plan());
    }

    private static bool IsFinal(Grammar grammar, string text)
    {
        var automaton = new GrammarAutomaton(grammar);
        var state = System.Text.Encoding.UTF8.GetBytes(text).Aggregate(automaton.Start, automaton.Step);
        return state.IsFinal;
    }
}
