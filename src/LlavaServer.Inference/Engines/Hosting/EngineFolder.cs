using System.Text;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The private folder (0700) of one engine process, in the system's folder for temporary files: its socket, and its shared blocks where there is no
/// memory file system. A lock held on a file in it tells the folders of the living from what a killed server left. Thread-safe.
/// </summary>
internal sealed class EngineFolder : IDisposable
{
    private const string Prefix = "llava-engine-";
    private const string LockName = "lock";
    private const string SocketName = "s";
    private const string BlockExtension = ".block";
    private const string MemoryFolder = "/dev/shm";
    private const int Attempts = 20;

    // sun_path holds 104 bytes on macOS and 108 on Linux, with a zero at its end.
    private const int LongestSocketPath = 103;

    private readonly FileStream _lock;
    private int _blocks;

    private EngineFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string SocketPath => System.IO.Path.Combine(Path, SocketName);

    /// <summary>Throws <see cref="IOException"/> when there is no folder to write to or its path is too long for a socket.</summary>
    public static EngineFolder Create()
    {
        for (var attempt = 1; ; attempt++)
        {
            var path = Directory.CreateTempSubdirectory(Prefix).FullName;
            try
            {
                var folder = new EngineFolder(path, HoldNew(path));
                if (Encoding.UTF8.GetByteCount(folder.SocketPath) > LongestSocketPath)
                {
                    folder.Dispose();
                    throw new PathTooLongException("The folder for temporary files has too long a path for a socket; set TMPDIR to a shorter one.");
                }

                return folder;
            }
            catch (IOException exception) when (attempt < Attempts && exception is not PathTooLongException)
            {
                // Another server took it for a left-over in the moment before it was locked.
            }
        }
    }

    /// <summary>Removes what servers of this user left that were killed. Folders of other users and of living servers stay.</summary>
    /// <returns>Number of folders removed.</returns>
    public static int RemoveLeftOvers()
    {
        var removed = 0;
        foreach (var folder in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories(Prefix + "*"))
        {
            try
            {
                if (folder.LinkTarget is null)
                {
                    RemoveLeftOver(folder.FullName);
                    removed++;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // In use, or not ours.
            }
        }

        return removed;
    }

    /// <summary>
    /// Makes a shared block: in memory where there is a file system for it with room, else in the folder. Throws <see cref="InferenceException"/> when
    /// there is no room in either.
    /// </summary>
    public SharedBlock CreateBlock(long length)
    {
        var name = $"{System.IO.Path.GetFileName(Path)}-{Interlocked.Increment(ref _blocks)}{BlockExtension}";
        if (Directory.Exists(MemoryFolder))
        {
            try
            {
                return SharedBlock.Create(System.IO.Path.Combine(MemoryFolder, name), length);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Containers often have a small one.
            }
        }

        try
        {
            return SharedBlock.Create(System.IO.Path.Combine(Path, name), length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException(
                InferenceError.EngineFailed, $"There is no room for {length} bytes of memory shared with the engine process.", exception);
        }
    }

    public void Dispose()
    {
        try
        {
            RemoveContent(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next start of a server removes it.
        }

        _lock.Dispose();
    }

    // Windows removes an open file only if its opener allows it; elsewhere anything but None would be a shared lock.
    private static FileStream Hold(string folder, FileMode mode) => new(
        System.IO.Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);

    // A file is made first and locked then. Another server may have locked it in between, and removed it: then the lock is on a file without a name.
    private static FileStream HoldNew(string folder)
    {
        var held = Hold(folder, FileMode.CreateNew);
        if (File.Exists(held.Name))
        {
            return held;
        }

        held.Dispose();
        throw new IOException($"{held.Name} was removed.");
    }

    private static void RemoveLeftOver(string folder)
    {
        // A folder without a lock is empty, or is about to get one: then it cannot be removed.
        if (!File.Exists(System.IO.Path.Combine(folder, LockName)))
        {
            Directory.Delete(folder);
            return;
        }

        using var held = Hold(folder, FileMode.Open);
        RemoveContent(folder);
    }

    // By name and never recursively: nothing else is in such a folder, and somebody else's links are not followed.
    private static void RemoveContent(string folder)
    {
        if (Directory.Exists(MemoryFolder))
        {
            RemoveBlocks(MemoryFolder, System.IO.Path.GetFileName(folder));
        }

        RemoveBlocks(folder, System.IO.Path.GetFileName(folder));
        File.Delete(System.IO.Path.Combine(folder, SocketName));
        File.Delete(System.IO.Path.Combine(folder, LockName));
        Directory.Delete(folder);
    }

    private static void RemoveBlocks(string place, string folderName)
    {
        foreach (var block in Directory.EnumerateFiles(place, $"{folderName}-*{BlockExtension}"))
        {
            File.Delete(block);
        }
    }
}
