namespace LlavaServer.Logging;

/// <summary>Writes the one line of each request at its end. Singleton, thread-safe.</summary>
internal sealed class RequestLog(ILogger<RequestLog> logger)
{
    private const int MaxText = 128;

    public void Write(HttpContext context, RequestRecord record)
    {
        var status = record.ClientLeft ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode;
        var level = LevelOf(context, record, status);
        if (!logger.IsEnabled(level))
        {
            return;
        }

        logger.Log(level, new EventId(2, "Request"), new RequestLogEntry(Fields(context, record, status)), null, static (entry, _) => entry.ToString());
    }

    private static LogLevel LevelOf(HttpContext context, RequestRecord record, int status)
    {
        if (status >= 500)
        {
            return status == StatusCodes.Status503ServiceUnavailable ? LogLevel.Warning : LogLevel.Error;
        }

        return record.Api is null && HttpMethods.IsGet(context.Request.Method) && status < 400 ? LogLevel.Debug : LogLevel.Information;
    }

    private static List<KeyValuePair<string, object?>> Fields(HttpContext context, RequestRecord record, int status)
    {
        var fields = new List<KeyValuePair<string, object?>>(32)
        {
            new("Method", Clean(context.Request.Method)),
            new("Path", Clean(context.Request.Path.Value)),
            new("Status", status),
            new("TotalMs", Milliseconds(record.Elapsed)),
            new("Outcome", record.ClientLeft ? "cancelled" : record.Error is null && status < 400 ? "ok" : "error"),
            new("RequestId", record.RequestId),
        };
        Add(fields, "Api", record.Api);
        Add(fields, "Model", record.Model is null ? null : Clean(record.Model));
        Add(fields, "Stream", record.Stream);
        Add(fields, "FinishReason", record.FinishReason);
        Add(fields, "Error", record.Error);
        Add(fields, "RetryCount", int.TryParse(context.Request.Headers["x-stainless-retry-count"], out var retries) ? retries : null);
        if (record.Images > 0)
        {
            Add(fields, "Images", record.Images);
            Add(fields, "ImageBytes", record.ImageBytes);
            Add(fields, "ImageRows", record.Usage?.ImageTokens);
        }

        Add(fields, "PromptTokens", record.Usage?.PromptTokens);
        Add(fields, "CachedTokens", record.Usage?.CachedTokens);
        Add(fields, "CompletionTokens", record.Usage?.CompletionTokens);
        Add(fields, "TtftMs", record.TimeToFirstToken is { } ttft ? Milliseconds(ttft) : null);
        if (record.Timings is { } timings)
        {
            Add(fields, "QueueMs", Milliseconds(timings.Queued));
            Add(fields, "LoadMs", Milliseconds(timings.Load));
            Add(fields, "EncodeMs", Milliseconds(timings.ImageEncode));
            Add(fields, "PrefillMs", Milliseconds(timings.Prefill));
            Add(fields, "DecodeMs", Milliseconds(timings.Decode));
            Add(fields, "TokensPerSecond", TokensPerSecond(record));
        }

        Add(fields, "KeyName", record.KeyName);
        Add(fields, "Client", context.Connection.RemoteIpAddress?.ToString());
        return fields;
    }

    private static double? TokensPerSecond(RequestRecord record) =>
        record is { Usage: { } usage, Timings: { } timings } && timings.Decode > TimeSpan.Zero ? Math.Round(usage.CompletionTokens / timings.Decode.TotalSeconds, 1) : null;

    private static void Add(List<KeyValuePair<string, object?>> fields, string name, object? value)
    {
        if (value is not null)
        {
            fields.Add(new(name, value));
        }
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    /// <summary>Text of a caller: short, and without what could forge a line.</summary>
    private static string Clean(string? text) =>
        string.Concat((text ?? "").Take(MaxText).Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
}
