using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>How the OpenAI dialect writes JSON: no indentation, text as UTF-8 with only the escapes that JSON demands.</summary>
internal static class OpenAIJson
{
    public const string ContentType = "application/json; charset=utf-8";

    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a whole response body with its length, content type and processing time; the body alone when the response has begun.</summary>
    public static async Task WriteResponseAsync<T>(HttpContext context, T value, Action<Utf8JsonWriter, T> write)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body, WriterOptions))
        {
            write(writer, value);
        }

        var response = context.Response;
        if (!response.HasStarted)
        {
            response.ContentType = ContentType;
            response.ContentLength = body.Length;
            response.Headers["openai-processing-ms"] = ((long)Logging.RequestRecord.Of(context).Elapsed.TotalMilliseconds).ToString();
        }

        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}
