using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>How the Ollama dialect writes JSON: no indentation, text as UTF-8 with only the escapes that JSON demands.</summary>
internal static class OllamaJson
{
    public static OllamaJsonContext Context { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Writes a whole answer with its length.</summary>
    public static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, type);
        await WriteAsync(context, bytes, "application/json; charset=utf-8");
    }

    /// <summary>Writes plain text, as Ollama does where there is no object to answer with.</summary>
    public static Task WriteTextAsync(HttpContext context, string text) =>
        WriteAsync(context, System.Text.Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");

    private static async Task WriteAsync(HttpContext context, byte[] bytes, string contentType)
    {
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
