using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Failures as Ollama's error object: exactly one string member <c>error</c>. Stateless.</summary>
internal sealed class OllamaErrors : IErrorDialect
{
    public async Task WriteAsync(HttpContext context, Exception failure)
    {
        var (status, message) = failure switch
        {
            RequestException request => (request.Status, request.Message),
            InferenceException { Error: InferenceError.ModelNotFound } inference => (404, inference.Message),
            InferenceException { Error: InferenceError.QueueFull or InferenceError.ShuttingDown } inference => (503, inference.Message),
            InferenceException { Error: InferenceError.ModelLoadFailed or InferenceError.EngineFailed } inference => (500, inference.Message),
            InferenceException inference => (400, inference.Message),
            _ => (500, "internal server error"),
        };
        RequestRecord.Of(context).Error = failure is RequestException { Code: var code } ? code : (failure as InferenceException)?.Error.ToString() ?? "internal_error";
        var response = context.Response;
        response.StatusCode = status;
        if (status is 429 or 503)
        {
            response.Headers.RetryAfter = "5";
        }

        response.ContentType = "application/json; charset=utf-8";
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("error", message);
            writer.WriteEndObject();
        }

        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}
