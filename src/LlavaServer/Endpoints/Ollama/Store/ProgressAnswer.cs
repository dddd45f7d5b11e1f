using System.Text.Json;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Logging;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>How long work answers: each step as a line, or the last one alone. A failure has its own status as long as no line has left.</summary>
internal static class ProgressAnswer
{
    /// <param name="context">The request.</param>
    /// <param name="isStream">Lines, or one object at the end.</param>
    /// <param name="writeStall">How long a caller may take nothing.</param>
    /// <param name="time">For that.</param>
    /// <param name="run">The work; it reports its steps one at a time.</param>
    /// <param name="refuse">A failure as an answer to the caller; null for one that is none of the caller's.</param>
    public static async Task RunAsync(
        HttpContext context, bool isStream, TimeSpan writeStall, TimeProvider time, Func<Func<PullProgress, ValueTask>, Task> run, Func<Exception, RequestException?>? refuse = null)
    {
        PullProgress? last = null;
        using var stream = isStream ? new NdjsonStream(context, writeStall, time) : null;
        try
        {
            await run(async progress =>
            {
                last = progress;
                if (stream is not null)
                {
                    await stream.WriteAsync(OllamaProgress.Of(progress), static (writer, line) => JsonSerializer.Serialize(writer, line, OllamaJson.Context.OllamaProgress));
                }
            });
        }
        catch (Exception failure) when (ToAnswer(failure, refuse) is { } refusal)
        {
            if (stream is null || last is null)
            {
                throw refusal;
            }

            RequestRecord.Of(context).Error = refusal.Code;
            await stream.WriteAsync(new OllamaError(refusal.Message), static (writer, line) => JsonSerializer.Serialize(writer, line, OllamaJson.Context.OllamaError));
            return;
        }

        if (stream is null)
        {
            await OllamaJson.WriteAsync(context, OllamaProgress.Of(last!), OllamaJson.Context.OllamaProgress);
        }
    }

    private static RequestException? ToAnswer(Exception failure, Func<Exception, RequestException?>? refuse) => failure switch
    {
        RequestException request => request,
        StoreException store => StoreFailures.ToAnswer(store),
        RegistryException => new RequestException(StatusCodes.Status500InternalServerError, "registry_failed", failure.Message),
        _ => refuse?.Invoke(failure),
    };
}
