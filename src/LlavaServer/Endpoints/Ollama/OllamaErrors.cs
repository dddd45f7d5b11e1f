using LlavaServer.Inference;
using LlavaServer.Inference.Images;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Failures in Ollama's form: an object with exactly one string, <c>error</c>, and plain text where no route was found. The texts are Ollama's where
/// clients look into them. Stateless, thread-safe.
/// </summary>
internal sealed class OllamaErrors : IErrorDialect
{
    private const string Busy = "server busy, please try again.  maximum pending requests exceeded";

    private const string TooLong = "the prompt is longer than the context length currently available to the model; "
        + "shorten the prompt, adjust the context length in settings, or use a model with a longer context length";

    /// <summary>Seconds after which a refused client may come again, when nothing better is known.</summary>
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>A name that no model has, as the caller typed it.</summary>
    public static RequestException ModelNotFound(string name) =>
        new(StatusCodes.Status404NotFound, "model_not_found", $"model '{OllamaText.Cut(name)}' not found", "model");

    /// <summary>A model that is not in the store cannot be changed there.</summary>
    public static RequestException FixedModel(string name, string field) => RequestException.InvalidValue(
        field, $"model '{OllamaText.Cut(name)}' is served from files outside the store (Model:Path, or the bundled model) and cannot be replaced or deleted");

    public static RequestException InvalidModelName() => RequestException.InvalidValue("model", "invalid model name");

    public static RequestException ModelRequired() => new(StatusCodes.Status400BadRequest, "missing_required_parameter", "model is required", "model");

    /// <summary>Status and text of a failure; also the text of a line in a stream that has begun.</summary>
    /// <param name="failure">What happened.</param>
    /// <param name="model">Model as the caller named it.</param>
    public static (int Status, string Message) From(Exception failure, string model) => failure switch
    {
        RequestException request => (request.Status, TextOf(request)),
        InferenceException inference => From(inference, model),
        OutOfMemoryException => (StatusCodes.Status503ServiceUnavailable, "server busy, please try again.  not enough memory for this request"),
        BadHttpRequestException => (StatusCodes.Status400BadRequest, "the request could not be read"),
        _ => (StatusCodes.Status500InternalServerError, "internal server error"),
    };

    public async Task WriteAsync(HttpContext context, Exception failure)
    {
        var record = RequestRecord.Of(context);
        record.Error = CodeOf(failure);
        var (status, message) = From(failure, record.Model ?? "");
        var response = context.Response;
        response.StatusCode = status;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            var delay = (failure as InferenceException)?.RetryAfter ?? (failure as RequestException)?.RetryAfter ?? DefaultRetryAfter;
            response.Headers.RetryAfter = Math.Clamp((int)Math.Ceiling(delay.TotalSeconds), 1, 60).ToString();
        }

        if (failure is RequestException { Code: "not_found" or "method_not_allowed" })
        {
            await OllamaJson.WriteTextAsync(context, message);
            return;
        }

        await OllamaJson.WriteAsync(context, new OllamaError(message), OllamaJson.Context.OllamaError);
    }

    /// <summary>The failure's word in the request log.</summary>
    public static string CodeOf(Exception failure) => failure switch
    {
        RequestException request => request.Code,
        InferenceException { ImageError: { } error } => error.ToString(),
        InferenceException inference => inference.Error.ToString(),
        OutOfMemoryException => "out_of_memory",
        BadHttpRequestException => "invalid_json",
        _ => "internal_error",
    };

    private static (int Status, string Message) From(InferenceException failure, string model) => failure.Error switch
    {
        InferenceError.ModelNotFound => (404, $"model {OllamaText.Quote(model)} not found, try pulling it first"),
        InferenceError.QueueFull => (503, Busy),
        InferenceError.ShuttingDown => (503, "server busy, please try again.  the server is shutting down"),
        InferenceError.EngineUnavailable => (503, failure.Message),
        InferenceError.PromptTooLong => (400, TooLong),
        InferenceError.InvalidImage => (400, $"{failure.Parameter ?? "images"}: {ReasonOf(failure)}"),
        InferenceError.ImageNotSupported => (400, $"{OllamaText.Quote(model)} does not support image input"),
        InferenceError.EmbeddingsNotSupported => (400, $"{OllamaText.Quote(model)} does not support embeddings"),
        InferenceError.EmbeddingNotFinite => (400, "embedding contains NaN or Inf values"),
        InferenceError.Unsupported or InferenceError.InvalidSchema or InferenceError.InvalidGrammar => (400, failure.Message),
        InferenceError.ModelLoading => (503, failure.Message),
        InferenceError.ModelLoadFailed or InferenceError.OutOfMemory => (500, failure.Message),
        _ => (500, "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, check ollama server logs for details"),
    };

    private static string TextOf(RequestException failure) => failure.Code switch
    {
        "not_found" => "404 page not found",
        "method_not_allowed" => "405 method not allowed",
        "empty_image_file" => $"{failure.Parameter}: empty image",
        "invalid_base64_image" => $"{failure.Parameter}: invalid base64",
        _ => failure.Message,
    };

    /// <summary>A reason in few words, then the sentence with the numbers.</summary>
    private static string ReasonOf(InferenceException failure)
    {
        var reason = failure.ImageError switch
        {
            ImageError.Empty => "empty image",
            ImageError.FileTooLarge or ImageError.TooLarge => "image too large",
            ImageError.TooSmall => "image too small",
            ImageError.UnsupportedFormat or ImageError.NotAnImage => "unsupported image format",
            ImageError.TooMany => "too many images",
            _ => "image is corrupt",
        };
        return $"{reason}: {failure.Message}";
    }
}
