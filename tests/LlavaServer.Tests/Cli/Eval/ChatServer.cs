using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Tests.Cli.Eval;

/// <summary>An OpenAI-compatible server on loopback that answers as a test says, and remembers what it was asked.</summary>
internal sealed class ChatServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _running;
    private int _mostRunning;

    private ChatServer(WebApplication app) => _app = app;

    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    public ConcurrentQueue<string> Authorizations { get; } = new();

    public string Address => _app.Urls.First();

    /// <summary>Requests that were in work at one time, at most.</summary>
    public int MostRunning => _mostRunning;

    /// <summary>Answers a request: status and text. By number, from 1, and the text of the question.</summary>
    public Func<int, string, Task<(int Status, string Text)>> Answer { get; set; } = static (_, _) => Task.FromResult((200, "Yes"));

    public string? RetryAfter { get; set; }

    public IReadOnlyList<string> Questions => [.. Requests.Select(TextOf)];

    public static async Task<ChatServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ChatServer(builder.Build());
        server._app.MapPost("/v1/chat/completions", server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    public static string TextOf(JsonElement request)
    {
        var content = request.GetProperty("messages").EnumerateArray().Last().GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : content[1].GetProperty("text").GetString()!;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        Requests.Enqueue(request);
        Authorizations.Enqueue(context.Request.Headers.Authorization.ToString());
        var running = Interlocked.Increment(ref _running);
        InterlockedMax(ref _mostRunning, running);
        var (status, text) = await Answer(Requests.Count, TextOf(request));
        Interlocked.Decrement(ref _running);
        context.Response.StatusCode = status;
        if (status != 200 && RetryAfter is not null)
        {
            context.Response.Headers.RetryAfter = RetryAfter;
        }

        await context.Response.WriteAsJsonAsync<object>(status == 200
            ? new { choices = new[] { new { message = new { role = "assistant", content = text }, finish_reason = "stop" } } }
            : new { error = new { message = text } });
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
