using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Responses;

/// <summary>Requests and bodies of responses; what differs from run to run is replaced in bodies: ids, times, counts.</summary>
internal static partial class ResponseText
{
    public const string Path = "/v1/responses";

    /// <summary>A request with a question as input, and whatever fields a test adds.</summary>
    public static string Question(string fields = "", string input = "\"What is it?\"") =>
        $$"""{"model":"eye","input":{{input}}{{(fields.Length > 0 ? "," + fields : "")}}}""";

    /// <summary>The body of an answer that must succeed.</summary>
    public static async Task<string> AskAsync(ScriptedServer server, string fields = "", string input = "\"What is it?\"")
    {
        using var response = await OpenAIServer.PostAsync(server, Question(fields, input), Path);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return body;
    }

    /// <summary>Every event of a stream: its name, and its JSON with ids, times and counts replaced. The names in the JSON and the numbers are checked.</summary>
    public static IReadOnlyList<(string Type, string Json)> Events(string body)
    {
        var events = new List<(string, string)>();
        foreach (var text in body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(static text => text[0] != ':'))
        {
            var lines = text.Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.StartsWith("event: ", lines[0], StringComparison.Ordinal);
            Assert.StartsWith("data: {", lines[1], StringComparison.Ordinal);
            var (type, json) = (lines[0][7..], lines[1][6..]);
            using var document = JsonDocument.Parse(json);
            Assert.Equal((type, events.Count), (document.RootElement.GetProperty("type").GetString(), document.RootElement.GetProperty("sequence_number").GetInt32()));
            events.Add((type, Normalised(json)));
        }

        return events;
    }

    public static string Normalised(string body) => Count().Replace(Time().Replace(Id().Replace(body, "$1ID"), "$1:1"), "$1:0");

    [GeneratedRegex("(?<=\")(resp_|msg_|fc_|call_)(?:[A-Za-z0-9]{28}|[A-Za-z0-9]{24})(?=\")")]
    private static partial Regex Id();

    [GeneratedRegex("(\"(?:created_at|completed_at)\"):1[0-9]{9}\\b")]
    private static partial Regex Time();

    [GeneratedRegex("(\"(?:input_tokens|output_tokens|total_tokens|cached_tokens)\"):[0-9]+")]
    private static partial Regex Count();
}
