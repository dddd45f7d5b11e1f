using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// A picture given as text: a base64 data URL in any accepted spelling, or bare base64. The type of the picture is judged by its bytes elsewhere; what a
/// data URL says about it is ignored. Addresses of the network and of files are refused.
/// </summary>
internal static class ImageUrl
{
    private const int MinBareLength = 16;

    /// <summary>The encoded picture. Throws <see cref="RequestException"/> with the field's path.</summary>
    /// <param name="field">A JSON string.</param>
    /// <param name="maxBytes"><c>Limits:ImageBytes</c>.</param>
    public static byte[] Read(JsonField field, long maxBytes)
    {
        var raw = field.RawString;
        if (raw.IndexOf((byte)'\\') < 0)
        {
            return Read(raw, field.Path, maxBytes);
        }

        // PHP escapes every slash; some clients escape line breaks or a plus sign.
        var pooled = ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(field.Element));
            reader.Read();
            return Read(pooled.AsSpan(0, reader.CopyString(pooled)), field.Path, maxBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }
    }

    /// <summary>Base64 without an address in front, as the Ollama dialect and Anthropic's parts have it; a data URL is accepted too.</summary>
    public static byte[] ReadBase64(JsonField field, long maxBytes)
    {
        var raw = field.RawString;
        return StartsWith(raw, "data:"u8) || raw.IndexOf((byte)'\\') >= 0 ? Read(field, maxBytes) : Decode(raw, field.Path, maxBytes);
    }

    /// <summary>Whether the text is an address of the network.</summary>
    public static bool IsRemote(JsonField field) => HasScheme(field, "http://"u8) || HasScheme(field, "https://"u8);

    /// <summary>Whether the text is an address of a file.</summary>
    public static bool IsFile(JsonField field) => HasScheme(field, "file:"u8);

    private static byte[] Read(ReadOnlySpan<byte> url, string path, long maxBytes)
    {
        url = url.Trim(" \t\r\n"u8);
        if (StartsWith(url, "data:"u8))
        {
            return Decode(Payload(url[5..], path), path, maxBytes);
        }

        if (StartsWith(url, "http://"u8) || StartsWith(url, "https://"u8))
        {
            throw Refused(path, "This server does not fetch pictures from the network here (Images:AllowRemoteImages); send a base64 data URL");
        }

        if (StartsWith(url, "file:"u8))
        {
            throw Refused(path, "This server does not read pictures from files here (Images:MediaPath); send a base64 data URL");
        }

        // llama-server takes bare base64 as well; a text that is none is not a picture's address either.
        if (url.Length >= MinBareLength && MaxBytesAllow(url, maxBytes) && Base64Payload.TryDecode(url, out var bytes) && ImageSignature.IsKnown(bytes))
        {
            return bytes;
        }

        throw Refused(path, "Expected a base64 data URL with an image MIME type (data:image/png;base64,...)");
    }

    // PHP escapes slashes; data URLs are too long to be unescaped only to look at their beginning.
    private static bool HasScheme(JsonField field, ReadOnlySpan<byte> scheme)
    {
        var text = field.RawString.TrimStart(" \t\r\n"u8);
        return StartsWith(text, scheme) || (!StartsWith(text, "data:"u8) && text.Length <= 16384 && StartsWith(System.Text.Encoding.UTF8.GetBytes(field.AsString().Trim()), scheme));
    }

    /// <summary>What follows the comma of <c>[mime][;name=value]*;base64,payload</c>.</summary>
    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> url, string path)
    {
        var comma = url.IndexOf((byte)',');
        var head = comma < 0 ? default : url[..comma].TrimEnd(" "u8);
        if (comma < 0 || !(head.Length >= 7 && EqualsIgnoreCase(head[^7..], ";base64"u8)))
        {
            throw RequestException.InvalidValue(path, $"Invalid data URL in '{path}': expected data:<mime type>;base64,<data>.");
        }

        return url[(comma + 1)..];
    }

    private static byte[] Decode(ReadOnlySpan<byte> payload, string path, long maxBytes)
    {
        if (!MaxBytesAllow(payload, maxBytes))
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest, "image_file_too_large", $"The image in '{path}' has more than {maxBytes} bytes (Limits:ImageBytes).", path);
        }

        if (!Base64Payload.TryDecode(payload, out var bytes))
        {
            throw new RequestException(StatusCodes.Status400BadRequest, "invalid_base64_image", $"The image in '{path}' is not valid base64.", path);
        }

        return bytes.Length > 0
            ? bytes
            : throw new RequestException(StatusCodes.Status400BadRequest, "empty_image_file", $"The image in '{path}' has no bytes.", path);
    }

    private static bool MaxBytesAllow(ReadOnlySpan<byte> payload, long maxBytes)
    {
        if (payload.Length / 4 * 3L <= maxBytes)
        {
            return true;
        }

        // Only now count what is not white space: a picture right at the limit may come in lines.
        long digits = 0;
        foreach (var c in payload)
        {
            if (c > ' ' && c != '=')
            {
                digits++;
            }
        }

        return digits * 3 / 4 <= maxBytes;
    }

    private static RequestException Refused(string path, string message) =>
        new(StatusCodes.Status400BadRequest, "invalid_image_url", $"Invalid image URL in '{path}'. {message}.", path);

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        text.Length >= lower.Length && EqualsIgnoreCase(text[..lower.Length], lower);

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) => Ascii.EqualsIgnoreCase(text, lower);
}
