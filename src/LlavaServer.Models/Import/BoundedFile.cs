namespace LlavaServer.Models.Import;

/// <summary>Reads whole small files of a checkpoint.</summary>
internal static class BoundedFile
{
    public static byte[] ReadAllBytes(string path, string name, long maxBytes)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length > maxBytes)
        {
            throw new ImportException($"{name}: {stream.Length} bytes are more than the limit of {maxBytes}");
        }

        var bytes = new byte[stream.Length];
        return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
            ? bytes
            : throw new ImportException($"{name}: became shorter while it was read");
    }
}
