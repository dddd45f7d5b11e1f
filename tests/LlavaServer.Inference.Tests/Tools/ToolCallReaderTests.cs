using System.Text;
using System.Text.RegularExpressions;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Tests.Tools;

/// <summary>Text of models to content and calls, however the text is cut into pieces.</summary>
public sealed partial class ToolCallReaderTests
{
    private const string Oslo = "get_weather({\"city\": \"Os\\\"}lo\"})";

    public static TheoryData<string, string, string> Answers => new()
    {
        { "generic", "Just text, 3 < 4 and <tool_cal.", "Just text, 3 < 4 and <tool_cal.|" },
        { "generic", "<<<tool_call", "<<<tool_call|" },
        { "generic", " \n ", " \n |" },
        { "generic", "", "|" },
        { "generic", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os\\\"}lo\"}}\n</tool_call>", "|" + Oslo },
        { "generic", "Look. 😀\n\n<tool_call>{\"name\":\"time\",\"arguments\":{}}</tool_call>", "Look. 😀|time({})" },
        {
            "generic",
            "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os\\\"}lo\"}}\n</tool_call>",
            "|time({});" + Oslo
        },
        { "generic", "<<tool_call>{\"name\": \"time\", \"arguments\": {}}</tool_call>", "<|time({})" },
        { "llama", "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Os\\\"}lo\"}}", "|" + Oslo },
        { "llama", "\n{ \"name\" : \"time\", \"parameters\": {}}", "|time({})" },
        { "llama", "{\"name\": \"Anna\", \"age\": 3}", "{\"name\": \"Anna\", \"age\": 3}|" },
        { "llama", "{\"name\": \"ti", "{\"name\": \"ti|" },
        { "llama", "See: {\"name\": \"time\", \"parameters\": {}}", "See: {\"name\": \"time\", \"parameters\": {}}|" },
        { "llama", "Well <|python_tag|>{\"name\": \"time\", \"parameters\": {}}", "Well|time({})" },
        {
            "mistral",
            "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os\\\"}lo\"}, \"id\": \"abcDEF123\"}, {\"name\": \"time\", \"arguments\": {}}]",
            "|" + Oslo + ";time({})"
        },
        { "mistral", "[TOOL] and [TOOL_CALLS][{\"name\":\"time\",\"arguments\":{}}]", "[TOOL] and|time({})" },
        { "mistral-names", "[TOOL_CALLS]get_weather[CALL_ID]abc[ARGS]{\"city\": \"Os\\\"}lo\"}[TOOL_CALLS]time[CALL_ID]abd[ARGS]{}", "|" + Oslo + ";time({})" },
        {
            "deepseek",
            "Ｏ<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Os\\\"}lo\"}\n```<｜tool▁call▁end｜>\n"
            + "<｜tool▁call▁begin｜>function<｜tool▁sep｜>time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "Ｏ|" + Oslo + ";time({})"
        },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Read_SplitAnywhere_IsTheSame(string syntax, string text, string expected)
    {
        var plan = ToolTexts.Plan(ToolTexts.Of(syntax));
        var reason = expected.EndsWith('|') ? FinishReason.Stop : FinishReason.ToolCalls;
        var runes = text.EnumerateRunes().Select(static r => r.ToString()).ToArray();
        Assert.Equal((expected, reason), Read(plan, runes));
        for (var split = 0; split <= runes.Length; split++)
        {
            Assert.Equal((expected, reason), Read(plan, string.Concat(runes[..split]), string.Concat(runes[split..])));
        }
    }

    [Theory]
    [InlineData("Text <tool_c", "Text <tool_c|")]
    [InlineData("Text <tool_call>\n{\"na", "Text|")]
    [InlineData("<tool_call>{\"name\":\"time\",\"argum", "|time()")]
    [InlineData("<tool_call>{\"name\":\"get_weather\",\"arguments\":{\"city\": \"O", "|get_weather({\"city\": \"O)")]
    public void Read_CutByTheLimit_KeepsTheReasonAndHalfAMarkerIsText(string text, string expected) =>
        Assert.Equal((expected, FinishReason.Length), Read(ToolTexts.Plan(CallSyntax.Generic), FinishReason.Length, text));

    [Fact]
    public void Read_ArgumentsInPieces_LeaveAsTheyCome()
    {
        var reader = new ToolCallReader(ToolTexts.Plan(CallSyntax.Generic));
        Assert.Null(reader.Read(new GenerationUpdate { Text = "<tool_call>\n{\"name\": \"get_wea" }));
        var begun = Assert.Single(reader.Read(new GenerationUpdate { Text = "ther\", \"argum" })!.ToolCalls!);
        Assert.Equal((0, "get_weather", ""), (begun.Index, begun.Name, begun.Arguments));
        Assert.Matches(IdForm(), begun.Id);
        Assert.Equal([new ToolCallDelta(0, null, null, "{\"ci")], reader.Read(new GenerationUpdate { Text = "ents\": {\"ci" })!.ToolCalls!);
        Assert.Equal([new ToolCallDelta(0, null, null, "ty\":\"A\"}")], reader.Read(new GenerationUpdate { Text = "ty\":\"A\"}}" })!.ToolCalls!);
        var last = reader.Read(new GenerationUpdate { FinishReason = FinishReason.Stop })!;
        Assert.Equal((FinishReason.ToolCalls, ""), (last.FinishReason, last.Text));
        Assert.Null(last.ToolCalls);
    }

    [Fact]
    public void Read_TokensAsked_AreThoseOfTheContent()
    {
        var reader = new ToolCallReader(ToolTexts.Plan(CallSyntax.Generic));
        var (text, tokens) = ("", "");
        foreach (var piece in (string[])["A", " <", "b ", " <tool", "_call>{", "\"name\":\"time\",\"arguments\":{}}", "</tool_call>"])
        {
            if (reader.Read(new GenerationUpdate { Text = piece, Tokens = [Token(piece)] }) is { } update)
            {
                text += update.Text;
                tokens += string.Concat(update.Tokens!.Select(static t => Encoding.UTF8.GetString(t.Bytes.Span)));
                Assert.Equal(text, tokens);
            }
        }

        Assert.Equal("A <b", text.TrimEnd());
    }

    private static TokenLogProbability Token(string text) => new() { TokenId = 1, Text = text, Bytes = Encoding.UTF8.GetBytes(text), LogProbability = -1 };

    private static (string Answer, FinishReason Reason) Read(CallPlan plan, params string[] pieces) => Read(plan, FinishReason.Stop, pieces);

    // Content, a bar, then the calls.
    private static (string Answer, FinishReason Reason) Read(CallPlan plan, FinishReason reason, params string[] pieces)
    {
        var reader = new ToolCallReader(plan);
        var content = "";
        var calls = new List<(string Id, string Name, string Arguments)>();
        foreach (var update in pieces.Select(static p => new GenerationUpdate { Text = p }).Append(new GenerationUpdate { FinishReason = reason }))
        {
            if (reader.Read(update) is not { } read)
            {
                continue;
            }

            content += read.Text;
            foreach (var delta in read.ToolCalls ?? [])
            {
                if (delta.Id is not null)
                {
                    Assert.Equal(calls.Count, delta.Index);
                    calls.Add((delta.Id, delta.Name!, ""));
                }

                var call = calls[delta.Index];
                calls[delta.Index] = call with { Arguments = call.Arguments + delta.Arguments };
            }

            if (read.FinishReason is { } finished)
            {
                Assert.Equal(calls.Count, calls.Select(static c => c.Id).Distinct().Count());
                return ($"{content}|{string.Join(';', calls.Select(static c => $"{c.Name}({c.Arguments})"))}", finished);
            }
        }

        throw new InvalidOperationException("The last update was not read.");
    }

    [GeneratedRegex("^call_[A-Za-z0-9]{24}$")]
    private static partial Regex IdForm();
}
