using LlavaServer.Endpoints.Anthropic;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints;

/// <summary>
/// Answers failures in the dialect of the request's path: <c>/api</c> is Ollama's, <c>/v1/messages</c> Anthropic's, everything else OpenAI's. Singleton,
/// thread-safe.
/// </summary>
internal sealed class ErrorDialects(OpenAIErrors openAI, AnthropicErrors anthropic, OllamaErrors ollama, TimeProvider time)
{
    public static bool IsOllama(PathString path) => path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads what the client still sends, then answers. Nothing of the response may have been sent.</summary>
    public async Task WriteAsync(HttpContext context, Exception failure)
    {
        var isBroken = failure is RequestException { BodyIsBroken: true };
        if (isBroken || !await RequestDrain.RunAsync(context, time) || failure is RequestException { Status: StatusCodes.Status413PayloadTooLarge })
        {
            context.Response.Headers.Connection = "close";
        }

        var path = context.Request.Path;
        IErrorDialect dialect = IsOllama(path) ? ollama : AnthropicEndpoints.IsAnthropic(path) ? anthropic : openAI;
        await dialect.WriteAsync(context, failure);
    }
}
