using System.IO.Compression;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Content codings of request bodies. A compressed body is inflated twice, first only to count: so a small file that inflates to gigabytes is refused
/// without memory for what it inflates to.
/// </summary>
internal static class BodyCoding
{
    /// <summary>The one coding of the request, or null for none. Throws 415 for unknown and stacked codings.</summary>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.ContentEncoding;
        if (header.Count == 0)
        {
            return null;
        }

        var coding = header.Count == 1 ? header[0]!.Trim() : "";
        if (coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        foreach (var known in (ReadOnlySpan<string>)["gzip", "br", "deflate"])
        {
            if (coding.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        throw new RequestException(
            StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "Content-Encoding must be one of gzip, br, deflate.");
    }

    /// <summary>Inflates into a new buffer of the caller. Throws 400 for damaged data, <paramref name="tooLarge"/>'s exception beyond the limit.</summary>
    public static PooledBuffer Inflate(string coding, ReadOnlyMemory<byte> compressed, long limit, Func<RequestException> tooLarge)
    {
        var size = Count(coding, compressed, limit, tooLarge);
        var buffer = new PooledBuffer();
        try
        {
            using var stream = Open(coding, compressed);
            int count;
            while ((count = stream.Read(buffer.Free(size).Span)) > 0)
            {
                buffer.Advance(count);
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static long Count(string coding, ReadOnlyMemory<byte> compressed, long limit, Func<RequestException> tooLarge)
    {
        Span<byte> scratch = stackalloc byte[8192];
        try
        {
            using var stream = Open(coding, compressed);
            long total = 0;
            int count;
            while ((count = stream.Read(scratch)) > 0)
            {
                total += count;
                if (total > limit)
                {
                    throw tooLarge();
                }
            }

            return total;
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            throw RequestException.InvalidJson($"The request body is not valid {coding} data.");
        }
    }

    private static Stream Open(string coding, ReadOnlyMemory<byte> compressed)
    {
        var source = new ReadOnlyMemoryStream(compressed);
        return coding switch
        {
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            // HTTP's "deflate" is the zlib format (RFC 9110, 8.4.1.2).
            _ => new ZLibStream(source, CompressionMode.Decompress),
        };
    }
}
