using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Anthropic;

/// <summary>The bytes of streamed messages. What differs from run to run is replaced: ids and counts.</summary>
public sealed class MessageStreamTests : IAsyncLifetime
{
    private const string Usage = "\"usage\":{\"input_tokens\":N,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":N,\"output_tokens\":N,\"service_tier\":\"standard\"}";

    private const string Start =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_ID\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"eye\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null," + Usage + "}}\n\n" + Ping;

    private const string Ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";

    private const string Tools = "\"tools\":[{\"name\":\"time\",\"input_schema\":{\"type\":\"object\"}}]";

    private ScriptedServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ScriptedServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 4096 });

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task Stream_Text_IsByteExact()
    {
        Server.Script.Answer = static _ => "\U0001F431";
        var (response, body) = await StreamAsync("\"max_tokens\":50");
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.Contains("request-id"));
        Assert.Equal(
            Start + OpenText(0) + Text(0, "\\uD83D\\uDC31") + Close(0) + End("end_turn", "null"),
            MessageTests.Normalised(body));
    }

    [Fact]
    public async Task Stream_StopSequence_IsTold()
    {
        Server.Script.Answer = static _ => "A!";
        var (_, body) = await StreamAsync("\"stop_sequences\":[\"!\"]");
        Assert.EndsWith(Close(0) + End("stop_sequence", "\"!\""), MessageTests.Normalised(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_TextAndCall_OneBlockAfterAnother()
    {
        Server.Script.Answer = static _ => "A\n<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";
        var (_, body) = await StreamAsync(Tools);
        Assert.Equal(
            Start + OpenText(0) + Text(0, "A") + Close(0)
            + Event("content_block_start", "\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_ID\",\"name\":\"time\",\"input\":{}}")
            + Event("content_block_delta", "\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}")
            + Event("content_block_delta", "\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"}\"}")
            + Close(1) + End("tool_use", "null"),
            MessageTests.Normalised(body));
    }

    [Fact]
    public async Task Stream_NoText_HasNoBlock()
    {
        Server.Script.Answer = static _ => "";
        var (_, body) = await StreamAsync("\"max_tokens\":5");
        Assert.Equal(Start + End("end_turn", "null"), MessageTests.Normalised(body));
    }

    [Fact]
    public async Task Stream_EngineFailsInTheMiddle_ErrorEventThenABrokenConnection()
    {
        Server.Script.Answer = static _ => "A red circle.";
        var steps = 0;
        Server.Script.OnDecode = _ =>
        {
            if (++steps > 4)
            {
                throw new InvalidOperationException("secret");
            }
        };
        using var content = new StringContent(OpenAIServer.Question("\"stream\":true"), System.Text.Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = content };
        using var response = await Server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        var seen = new MemoryStream();
        var failure = await Record.ExceptionAsync(async () =>
        {
            await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
            var buffer = new byte[4096];
            for (int read; (read = await stream.ReadAsync(buffer, Cancelled)) > 0;)
            {
                seen.Write(buffer, 0, read);
            }
        });
        Assert.IsType<IOException>(failure, exactMatch: false);
        var events = System.Text.Encoding.UTF8.GetString(seen.ToArray()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("event: error\ndata: ", events[^1], StringComparison.Ordinal);
        var error = JsonElement.Parse(events[^1]["event: error\ndata: ".Length..]);
        Assert.Equal("error", error.GetProperty("type").GetString());
        Assert.Equal("api_error", error.GetProperty("error").GetProperty("type").GetString());
        Assert.DoesNotContain("secret", events[^1], StringComparison.Ordinal);
        Server.Script.OnDecode = static _ => { };
        await Server.AssertIdleAsync();
    }

    private static string Event(string type, string members) => $"event: {type}\ndata: {{\"type\":\"{type}\"{(members.Length > 0 ? "," : "")}{members}}}\n\n";

    private static string OpenText(int index) => Event("content_block_start", $"\"index\":{index},\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}");

    private static string Text(int index, string text) => Event("content_block_delta", $"\"index\":{index},\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}");

    private static string Close(int index) => Event("content_block_stop", $"\"index\":{index}");

    private static string End(string reason, string sequence) =>
        Event("message_delta", $"\"delta\":{{\"stop_reason\":\"{reason}\",\"stop_sequence\":{sequence}}}," + Usage) + Event("message_stop", "");

    private async Task<(HttpResponseMessage Response, string Body)> StreamAsync(string fields)
    {
        var response = await OpenAIServer.PostAsync(Server, OpenAIServer.Question("\"stream\":true," + fields), "/v1/messages");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (response, await response.Content.ReadAsStringAsync(Cancelled));
    }
}
