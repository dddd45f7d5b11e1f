using LlavaServer.Configuration;
using LlavaServer.Endpoints.OpenAI;
using Microsoft.AspNetCore.Http.Features;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// Keeps the connection of an answer that is not streamed alive while it is made, where <c>Streaming:WholeKeepAlive</c> asks for it: status 200, and a
/// space now and then, which JSON allows in front. What fails after the first of them can only break the connection.
/// </summary>
internal static class PatientAnswer
{
    private static readonly byte[] s_space = " "u8.ToArray();

    /// <summary>Waits for an answer, on the request's thread; nothing else may write to the response meanwhile.</summary>
    /// <param name="context">The request that waits.</param>
    /// <param name="options">When to begin, and how often a space is sent.</param>
    /// <param name="time">Measures both.</param>
    /// <param name="answer">Ends by itself when the client leaves.</param>
    public static async Task<T> WaitAsync<T>(HttpContext context, StreamingOptions options, TimeProvider time, Task<T> answer)
    {
        if (options.WholeKeepAlive == TimeSpan.Zero)
        {
            return await answer;
        }

        try
        {
            for (var patience = options.WholeKeepAlive; !answer.IsCompleted; patience = options.PingInterval)
            {
                try
                {
                    await answer.WaitAsync(patience, time, context.RequestAborted);
                }
                catch (TimeoutException)
                {
                    // It may have come since.
                    if (!answer.IsCompleted)
                    {
                        Begin(context.Response);
                        await context.Response.Body.WriteAsync(s_space, context.RequestAborted);
                        await context.Response.Body.FlushAsync(context.RequestAborted);
                    }
                }
            }
        }
        finally
        {
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await answer;
    }

    private static void Begin(HttpResponse response)
    {
        if (!response.HasStarted)
        {
            response.ContentType = OpenAIJson.ContentType;
            response.Headers["X-Accel-Buffering"] = "no";
            response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }
    }
}
