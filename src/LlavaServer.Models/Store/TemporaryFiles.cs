namespace LlavaServer.Models.Store;

/// <summary>Names of files that are being written. They begin with a dot and are no names of blobs, tags or anything that Ollama reads.</summary>
internal static class TemporaryFiles
{
    private const string Prefix = ".llava-";
    private const string Suffix = ".tmp";

    /// <summary>A name that no other process and no other call has.</summary>
    public static string NewName(string what) => $"{Prefix}{what}{Guid.NewGuid():N}{Suffix}";

    /// <summary>Whether a file was left by a process that ended while it wrote.</summary>
    public static bool IsTemporary(string fileName) =>
        fileName.StartsWith(Prefix, StringComparison.Ordinal) && fileName.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Removes one, if that is possible.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next clean-up finds it.
        }
    }
}
