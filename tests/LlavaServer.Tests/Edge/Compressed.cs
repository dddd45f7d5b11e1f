using System.IO.Compression;

namespace LlavaServer.Tests.Edge;

/// <summary>Bodies in the codings of HTTP.</summary>
internal static class Compressed
{
    public static byte[] By(string coding, byte[] data)
    {
        using var target = new MemoryStream();
        using (Stream stream = coding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Fastest),
            "br" => new BrotliStream(target, CompressionLevel.Fastest),
            _ => new ZLibStream(target, CompressionLevel.Fastest),
        })
        {
            stream.Write(data);
        }

        return target.ToArray();
    }
}
