using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Polly;
using Polly.Retry;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>
/// One model of an OpenAI-compatible server: one request a question, no stream. A busy server (429, 503) is asked again after the time that it names in
/// Retry-After, a broken connection or a failing server (408, 500, 502, 504) after growing waits. Owned by one run; safe for several threads.
/// </summary>
internal sealed class ChatEndpoint : IDisposable
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);
    private readonly AskOptions _options;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline<HttpResponseMessage> _attempts;

    public ChatEndpoint(AskOptions options, TimeProvider time)
    {
        _options = options;
        _http = new HttpClient { BaseAddress = BaseAddress(options.Server), Timeout = options.Timeout };
        if (!string.IsNullOrEmpty(options.Key))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Key);
        }

        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(1),
                MaxDelay = TimeSpan.FromSeconds(60),
                ShouldHandle = static arguments => ValueTask.FromResult(IsWorthAnotherAttempt(arguments.Outcome, arguments.Context.CancellationToken)),
                DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Result, time)),
                OnRetry = static arguments =>
                {
                    arguments.Outcome.Result?.Dispose();
                    return default;
                },
            });
        }

        _attempts = builder.Build();
    }

    /// <exception cref="AskException">No answer after all attempts.</exception>
    public async Task<(string Text, string? FinishReason)> AskAsync(string? system, string text, byte[]? picture, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(Request(system, text, picture).ToJsonString(JsonLines.Writing));
        try
        {
            using var response = await _attempts.ExecuteAsync(
                async (content, stop) =>
                {
                    using var message = new HttpRequestMessage(HttpMethod.Post, "chat/completions") { Content = new ByteArrayContent(content) };
                    message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                    return await _http.SendAsync(message, stop);
                },
                body,
                cancellationToken);
            var answer = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode ? Read(answer) : throw new AskException((int)response.StatusCode, $"{(int)response.StatusCode}: {Shortened(answer)}");
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new AskException(null, failure is HttpRequestException ? failure.Message : $"no answer within {_options.Timeout}");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Servers are named as people do: the part that all of them share may be left out.</summary>
    internal static Uri BaseAddress(Uri server) =>
        new(server.AbsolutePath is "" or "/" ? new Uri(server, "/v1/").AbsoluteUri : server.AbsoluteUri.TrimEnd('/') + "/");

    private static bool IsWorthAnotherAttempt(Outcome<HttpResponseMessage> outcome, CancellationToken cancellationToken) =>
        outcome.Exception is HttpRequestException
        || (outcome.Exception is TaskCanceledException && !cancellationToken.IsCancellationRequested)
        || outcome.Result?.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or HttpStatusCode.InternalServerError
            or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private static TimeSpan? RetryAfter(HttpResponseMessage? response, TimeProvider time)
    {
        var wait = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait is not { } named ? null : named < TimeSpan.Zero ? TimeSpan.Zero : named > s_longestWait ? s_longestWait : named;
    }

    private JsonObject Request(string? system, string text, byte[]? picture)
    {
        var messages = new JsonArray();
        if (system is not null)
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = system });
        }

        // The picture comes before the question, as in LLaVA's prompts.
        messages.Add(new JsonObject
        {
            ["role"] = "user",
            ["content"] = picture is null
                ? text
                : new JsonArray(
                    new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = $"data:{PictureType(picture)};base64,{Convert.ToBase64String(picture)}" } },
                    new JsonObject { ["type"] = "text", ["text"] = text }),
        });
        return new JsonObject
        {
            ["model"] = _options.Model,
            ["messages"] = messages,
            ["temperature"] = _options.Temperature,
            ["max_tokens"] = _options.MaxTokens,
            ["stream"] = false,
        };
    }

    private static (string Text, string? FinishReason) Read(string answer)
    {
        try
        {
            var choice = JsonElement.Parse(answer).GetProperty("choices")[0];
            var content = choice.GetProperty("message").GetProperty("content");
            return (
                content.ValueKind == JsonValueKind.Null ? "" : content.GetString()!.Trim(),
                choice.TryGetProperty("finish_reason", out var reason) ? reason.GetString() : null);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new AskException(200, $"not a chat completion: {Shortened(answer)}");
        }
    }

    private static string PictureType(ReadOnlySpan<byte> picture) => picture switch
    {
        _ when picture.Length > 4 && picture[1..4].SequenceEqual("PNG"u8) => "image/png",
        _ when picture.StartsWith("GIF8"u8) => "image/gif",
        _ when picture.StartsWith("BM"u8) => "image/bmp",
        _ when picture.Length > 12 && picture[8..12].SequenceEqual("WEBP"u8) => "image/webp",
        _ => "image/jpeg",
    };

    private static string Shortened(string text) => text.Length > 300 ? text[..300] + " ..." : text;
}
