using LlavaServer.Endpoints;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Logging;
using Microsoft.AspNetCore.Connections;

namespace LlavaServer.Edge;

/// <summary>
/// Turns every failure below it into an answer in the caller's dialect: exceptions, and the framework's answers without a body (404, 405). When the
/// answer has begun the connection is aborted, so that a cut answer never looks complete.
/// </summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, ErrorDialects dialects, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (FailureOf(context.Response) is { } failure)
            {
                await dialects.WriteAsync(context, failure);
            }
        }
        catch (Exception exception) when (ClientLeft(context, exception))
        {
            RequestRecord.Of(context).ClientLeft = true;
        }
        catch (Exception exception)
        {
            await AnswerAsync(context, exception);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        if (exception is not (RequestException or Inference.InferenceException or BadHttpRequestException))
        {
            Log.Unexpected(logger, RequestRecord.Of(context).RequestId, exception);
        }

        if (context.Response.HasStarted)
        {
            RequestRecord.Of(context).Error ??= OpenAIErrors.From(exception).Code;
            context.Abort();
            return;
        }

        try
        {
            await dialects.WriteAsync(context, exception);
        }
        catch (Exception gone) when (ClientLeft(context, gone))
        {
            RequestRecord.Of(context).ClientLeft = true;
        }
    }

    private static bool ClientLeft(HttpContext context, Exception exception) =>
        (exception is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        || (exception is OperationCanceledException cancelled && cancelled.CancellationToken == context.RequestAborted)
        || exception is ConnectionResetException;

    private static RequestException? FailureOf(HttpResponse response)
    {
        if (response.HasStarted || response.ContentLength is not null || response.ContentType is not null)
        {
            return null;
        }

        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new(404, "not_found", "There is no such route on this server."),
            StatusCodes.Status405MethodNotAllowed => new(405, "method_not_allowed", $"This route takes {response.Headers.Allow} only."),
            StatusCodes.Status415UnsupportedMediaType => new(415, "unsupported_media_type", "The request body must be JSON: Content-Type: application/json."),
            >= 400 and < 500 => new(response.StatusCode, "invalid_value", "The request could not be understood."),
            _ => null,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Request {RequestId} failed unexpectedly")]
        public static partial void Unexpected(ILogger logger, string requestId, Exception exception);
    }
}
