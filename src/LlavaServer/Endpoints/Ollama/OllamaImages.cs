using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Reads members <c>images</c>: base64 in any accepted spelling, also as a data URL. The bytes are judged later, as pictures.</summary>
internal static class OllamaImages
{
    /// <summary>Number of pictures in a request's or message's <c>images</c>, without looking at them.</summary>
    public static int Count(JsonFields owner) => owner.TryGet("images", out var field) ? field.AsArray().Count() : 0;

    /// <summary>Refuses before anything is decoded.</summary>
    public static void CheckCount(int count, LimitsOptions limits)
    {
        if (count > limits.Images)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest, "too_many_images", $"The request has {count} images; at most {limits.Images} are allowed (Limits:Images).", "images");
        }
    }

    public static IReadOnlyList<byte[]> Read(JsonFields owner, LimitsOptions limits) =>
        owner.TryGet("images", out var field) ? [.. field.AsArray().Select(item => ReadOne(item, limits))] : [];

    private static byte[] ReadOne(JsonField item, LimitsOptions limits)
    {
        if (item.Kind == JsonValueKind.Null)
        {
            throw new RequestException(StatusCodes.Status400BadRequest, "empty_image_file", $"{item.Path}: empty image", item.Path);
        }

        var text = item.RawString.TrimStart(" \t\r\n"u8);
        return text.StartsWith("http://"u8) || text.StartsWith("https://"u8) || text.StartsWith("file:"u8)
            ? ImageUrl.Read(item, limits.ImageBytes)
            : ImageUrl.ReadBase64(item, limits.ImageBytes);
    }
}
