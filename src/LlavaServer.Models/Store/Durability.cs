using System.Runtime.InteropServices;

namespace LlavaServer.Models.Store;

/// <summary>Makes a change of names in a folder survive a power failure: .NET flushes files, but cannot open a folder to flush it.</summary>
internal static partial class Durability
{
    // O_RDONLY, the same number on Linux and macOS.
    private const int ReadOnly = 0;

    /// <summary>
    /// Waits until names that were made, replaced or removed in the folder are on the disk. Does nothing on Windows, which keeps them in a journal, and
    /// nothing on file systems that cannot.
    /// </summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, ReadOnly);
        if (descriptor >= 0)
        {
            _ = Flush(descriptor);
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
