using System.IO.Compression;
using System.Security.Cryptography;

namespace LlavaServer.Page;

/// <summary>One file of the chat page in memory, with its digest and its compressed forms, which are made when first asked for. Immutable; any thread.</summary>
internal sealed class PageFile
{
    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    public PageFile(string contentType, byte[] content)
    {
        ContentType = contentType;
        Content = content;
        Tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))}\"";
        _brotli = new Lazy<byte[]>(() => Compress(static stream => new BrotliStream(stream, CompressionLevel.Optimal)));
        _gzip = new Lazy<byte[]>(() => Compress(static stream => new GZipStream(stream, CompressionLevel.Optimal)));
    }

    public string ContentType { get; }

    public byte[] Content { get; }

    /// <summary>Names the content, not its coding.</summary>
    public string Tag { get; }

    /// <summary>Pictures are compressed already.</summary>
    public bool IsCompressible => !ContentType.StartsWith("image/", StringComparison.Ordinal) || ContentType == "image/svg+xml";

    /// <summary>The content in a coding, <c>br</c> or <c>gzip</c>.</summary>
    public byte[] In(string coding) => coding == "br" ? _brotli.Value : _gzip.Value;

    private byte[] Compress(Func<Stream, Stream> open)
    {
        using var memory = new MemoryStream();
        using (var stream = open(memory))
        {
            stream.Write(Content);
        }

        return memory.ToArray();
    }
}
