using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Forms of answers over the wire: the model's own words are kept as far as the form allows, and the form is always held.</summary>
public sealed class StructuredOutputTests
{
    private const string Schema =
        """{"type":"object","properties":{"color":{"enum":["red","blue"]},"count":{"type":"integer","minimum":0,"maximum":9}},"required":["color","count"],"additionalProperties":false}""";

    [Theory]
    [InlineData($$$"""
        "response_format":{"type":"json_schema","json_schema":{"name":"shape","strict":true,"schema":{{{Schema}}}}}
        """)]
    [InlineData($$$"""
        "response_format":{"type":"json_schema","json_schema":{"name":"shape","strict":false,"schema":{{{Schema}}}}}
        """)]
    [InlineData($"\"json_schema\":{Schema}")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("\"grammar\":\"root ::= \\\"{\\\" [^}]+ \\\"}\\\"\"")]
    public async Task Post_AnswerThatFits_EndsWhereTheFormEnds(string form)
    {
        await using var server = new OpenAIServer();
        await server.InitializeAsync();
        server.Script.Answer = static _ => "{\"color\": \"red\", \"count\": 2} and so on";
        var (content, reason) = await AskAsync(server, form);
        Assert.Equal(("{\"color\": \"red\", \"count\": 2}", "stop"), (content, reason));
    }

    [Fact]
    public async Task Post_AnswerThatDoesNotFit_FormIsHeld()
    {
        await using var server = new OpenAIServer();
        await server.InitializeAsync();
        server.Script.Answer = static _ => "I see a red circle.";
        var (content, reason) = await AskAsync(server, $"\"json_schema\":{Schema},\"seed\":3");
        Assert.Equal("stop", reason);
        using var answer = JsonDocument.Parse(content);
        Assert.Contains(answer.RootElement.GetProperty("color").GetString(), new[] { "red", "blue" });
        Assert.InRange(answer.RootElement.GetProperty("count").GetInt32(), 0, 9);
    }

    [Fact]
    public async Task Post_CutAnswer_FinishReasonIsLength()
    {
        await using var server = new OpenAIServer();
        await server.InitializeAsync();
        server.Script.Answer = static _ => "{\"color\": \"red\", \"count\": 2}";
        Assert.Equal(("{\"color\"", "length"), await AskAsync(server, $"\"json_schema\":{Schema},\"max_tokens\":8"));
    }

    [Fact]
    public async Task SCH20_HostileForms_RefusedWhileHealthAnswers()
    {
        await using var server = new OpenAIServer();
        await server.InitializeAsync();
        foreach (var form in new[]
        {
            "\"grammar\":\"root ::= " + new string('(', 60_000) + "\"",
            "\"json_schema\":" + string.Concat(Enumerable.Repeat("{\"items\":", 100)) + "{}" + new string('}', 100),
            "\"json_schema\":{\"$ref\":\"http://169.254.169.254/schema\"}",
            "\"grammar\":\"root ::= root\"",
        })
        {
            using var response = await server.PostAsync(OpenAIServer.Question(form));
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
        }

        Assert.Equal(0, server.Script.Loads);
    }

    private static async Task<(string Content, string Reason)> AskAsync(OpenAIServer server, string form)
    {
        using var response = await server.PostAsync(OpenAIServer.Question(form));
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, body);
        using var answer = JsonDocument.Parse(body);
        var choice = answer.RootElement.GetProperty("choices")[0];
        return (choice.GetProperty("message").GetProperty("content").GetString()!, choice.GetProperty("finish_reason").GetString()!);
    }
}
