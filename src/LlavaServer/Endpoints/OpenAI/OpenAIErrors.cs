using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Inference.Images;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Failures as OpenAI's error envelope: status table of the dialect, body before the first byte, object for an event after it. Stateless.</summary>
internal sealed class OpenAIErrors : IErrorDialect
{
    private const string InvalidRequest = "invalid_request_error";
    private const string ServerError = "server_error";

    /// <summary>Seconds after which a refused client may come again, when nothing better is known.</summary>
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(5);

    public static OpenAIError From(Exception failure) => failure switch
    {
        RequestException request => From(request),
        InferenceException inference => From(inference),
        OutOfMemoryException => new(503, ServerError, "out_of_memory", "The server has not enough memory for this request.") { RetryAfter = DefaultRetryAfter },
        BadHttpRequestException => new(400, InvalidRequest, "invalid_json", "The request could not be read."),
        _ => new(500, ServerError, "internal_error", "The server failed to answer this request; its log has the details under the request's id.") { IsPermanent = true },
    };

    public async Task WriteAsync(HttpContext context, Exception failure)
    {
        var error = From(failure);
        RequestRecord.Of(context).Error = error.Code;
        SetStatus(context.Response, error);
        await OpenAIJson.WriteResponseAsync(context, error, static (writer, error) => Write(writer, error));
    }

    /// <summary>Sets the status and the headers that tell a client whether and when to come again.</summary>
    public static void SetStatus(HttpResponse response, OpenAIError error)
    {
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } delay)
        {
            response.Headers.RetryAfter = Math.Clamp((int)Math.Ceiling(delay.TotalSeconds), 1, 60).ToString();
        }

        if (error.IsPermanent)
        {
            response.Headers["x-should-retry"] = "false";
        }
    }

    /// <summary>Writes <c>{"error":{...}}</c>.</summary>
    public static void Write(Utf8JsonWriter writer, OpenAIError error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", error.Message);
        writer.WriteString("type", error.Type);
        writer.WriteString("param", error.Parameter);
        writer.WriteString("code", error.Code);
        if (error.PromptTokens is { } promptTokens)
        {
            writer.WriteNumber("n_prompt_tokens", promptTokens);
        }

        if (error.ImageTokens is > 0 and var imageTokens)
        {
            writer.WriteNumber("n_image_tokens", imageTokens);
        }

        if (error.ContextLength is { } contextLength)
        {
            writer.WriteNumber("n_ctx", contextLength);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static OpenAIError From(RequestException failure)
    {
        var type = failure.Status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error",
            StatusCodes.Status403Forbidden => "permission_error",
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => ServerError,
            _ => InvalidRequest,
        };
        var retryAfter = failure.RetryAfter ?? (failure.Status is 429 or 503 ? DefaultRetryAfter : null);
        return new(failure.Status, type, failure.Code, failure.Message, failure.Parameter) { RetryAfter = retryAfter };
    }

    private static OpenAIError From(InferenceException failure)
    {
        var (status, type, code) = failure.Error switch
        {
            InferenceError.ModelNotFound => (404, InvalidRequest, "model_not_found"),
            InferenceError.QueueFull => (429, "rate_limit_error", "queue_full"),
            InferenceError.PromptTooLong => (400, InvalidRequest, "context_length_exceeded"),
            InferenceError.InvalidImage => (400, InvalidRequest, CodeOf(failure.ImageError)),
            InferenceError.ImageNotSupported => (400, InvalidRequest, "image_input_not_supported"),
            InferenceError.InvalidSchema => (400, InvalidRequest, "invalid_json_schema"),
            InferenceError.InvalidGrammar => (400, InvalidRequest, "invalid_grammar"),
            InferenceError.EmbeddingsNotSupported => (400, InvalidRequest, "embeddings_not_supported"),
            InferenceError.Unsupported => (400, InvalidRequest, "unsupported_parameter"),
            InferenceError.ModelLoading => (503, ServerError, "model_loading"),
            InferenceError.OutOfMemory => (503, ServerError, "out_of_memory"),
            InferenceError.EngineUnavailable => (503, ServerError, "engine_unavailable"),
            InferenceError.ShuttingDown => (503, ServerError, "shutting_down"),
            _ => (500, ServerError, "generation_failed"),
        };
        return new(status, type, code, failure.Message, failure.Parameter)
        {
            RetryAfter = status is 429 or 503 ? failure.RetryAfter ?? DefaultRetryAfter : null,
            IsPermanent = failure.IsPermanent || failure.Error == InferenceError.ModelLoadFailed,
            PromptTokens = failure.PromptTokens,
            ImageTokens = failure.ImageTokens,
            ContextLength = failure.ContextLength,
        };
    }

    private static string CodeOf(ImageError? error) => error switch
    {
        ImageError.Empty => "empty_image_file",
        ImageError.FileTooLarge => "image_file_too_large",
        ImageError.TooLarge => "image_too_large",
        ImageError.TooSmall => "image_too_small",
        ImageError.UnsupportedFormat => "unsupported_image_media_type",
        ImageError.NotAnImage => "invalid_image_format",
        ImageError.TooMany => "too_many_images",
        _ => "image_parse_error",
    };
}
