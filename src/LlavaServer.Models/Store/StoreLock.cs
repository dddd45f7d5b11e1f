namespace LlavaServer.Models.Store;

/// <summary>
/// A lock on the whole store that all processes of this server share, held by the system and therefore gone with the process that held it. Who adds to
/// the store (a manifest, and before it the blobs that it names) shares it; who removes blobs has it alone. So no blob goes away between the moment that
/// somebody found it and the moment that a manifest names it. Owned by one caller, who disposes it.
/// </summary>
public sealed class StoreLock : IDisposable
{
    /// <summary>Who adds shares it; who removes blobs has it alone.</summary>
    internal const string Blobs = ".llava-lock";

    /// <summary>Who gives a model a name has it alone, so that no two spellings of one name come to be.</summary>
    internal const string Names = ".llava-names";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);
    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <summary>
    /// Waits for the lock. Null when others held it all the time. Throws <see cref="StoreException"/> when the store cannot be written.
    /// </summary>
    /// <param name="root">Folder of the store, which is made if it is not there.</param>
    /// <param name="fileName">Which lock.</param>
    /// <param name="isExclusive">Alone, or with others who add.</param>
    /// <param name="patience">How long to wait.</param>
    internal static StoreLock? TryTake(string root, string fileName, bool isExclusive, TimeSpan patience)
    {
        var path = Path.Combine(root, fileName);
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(root);

                // Opened for reading: .NET asks for a shared lock then, and for an exclusive one when nothing is shared.
                return new StoreLock(new FileStream(
                    path, FileMode.OpenOrCreate, isExclusive ? FileAccess.ReadWrite : FileAccess.Read, isExclusive ? FileShare.None : FileShare.Read, bufferSize: 0));
            }
            catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
            {
                throw failure;
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(started) < patience)
            {
                Thread.Sleep(s_pause);
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
