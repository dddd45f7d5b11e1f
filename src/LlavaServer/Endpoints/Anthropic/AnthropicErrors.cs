using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Failures in Anthropic's envelope, with the statuses and texts of the OpenAI dialect. Stateless, thread-safe.</summary>
internal sealed class AnthropicErrors : IErrorDialect
{
    public static AnthropicError From(Exception failure) => From(OpenAIErrors.From(failure));

    public async Task WriteAsync(HttpContext context, Exception failure)
    {
        var record = RequestRecord.Of(context);
        var error = OpenAIErrors.From(failure);
        record.Error = error.Code;
        OpenAIErrors.SetStatus(context.Response, error);
        AnthropicEndpoints.SetHeaders(context);
        await OpenAIJson.WriteResponseAsync(context, (From(error), record.RequestId), static (writer, state) => Write(writer, state.Item1, state.RequestId));
    }

    /// <summary>Writes <c>{"type":"error","error":{...},"request_id":"..."}</c>.</summary>
    public static void Write(Utf8JsonWriter writer, AnthropicError error, string requestId)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, error.Type);
        writer.WriteString("message"u8, error.Message);
        writer.WriteEndObject();
        writer.WriteString("request_id"u8, requestId);
        writer.WriteEndObject();
    }

    // The envelope has no member for the place: it stands in front of the text, unless that names it.
    private static AnthropicError From(OpenAIError error)
    {
        var isNamed = error.Parameter is not { Length: > 0 } path || error.Message.Contains(path, StringComparison.Ordinal);
        return new(TypeOf(error.Status), isNamed ? error.Message : $"{error.Parameter}: {error.Message}");
    }

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
