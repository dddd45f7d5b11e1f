using LlavaServer.Models.Gguf;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>Long steps of one creation: they run on a thread of their own while their progress is reported. One creation.</summary>
internal sealed class CreationWork(ModelStore store, Func<PullProgress, ValueTask> report, TimeProvider time, CancellationToken cancellationToken)
{
    private const int BufferBytes = 1 << 20;

    // Ollama's is 60 ms; a person sees no difference.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public ValueTask ReportAsync(string status) => report(new PullProgress(status));

    /// <summary>Runs something that takes no long time, away from the caller's thread.</summary>
    public Task<T> RunAsync<T>(Func<T> action) => Task.Run(action, cancellationToken);

    /// <summary>Runs something long.</summary>
    /// <param name="step">What is reported, with the bytes of all.</param>
    /// <param name="work">Gets what it calls with bytes that are done, and what ends it.</param>
    public async Task<T> RunAsync<T>(PullProgress step, Func<Action<long>, CancellationToken, T> work)
    {
        var done = 0L;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await report(step).ConfigureAwait(false);
        var working = Task.Run(() => work(bytes => Interlocked.Add(ref done, bytes), stop.Token), CancellationToken.None);
        try
        {
            while (await Task.WhenAny(working, Task.Delay(s_pause, time, CancellationToken.None)).ConfigureAwait(false) != working)
            {
                await report(step with { Completed = Math.Min(step.Total, Interlocked.Read(ref done)) }).ConfigureAwait(false);
            }
        }
        catch
        {
            // Nobody reads the reports any more. What the work has open is closed before the caller goes on.
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var result = await working.ConfigureAwait(false);
        await report(step with { Completed = step.Total }).ConfigureAwait(false);
        return result;
    }

    /// <summary>Writes a GGUF file as a blob. Throws <see cref="StoreException"/> when the disk has no space for it, before a byte is written.</summary>
    public (Digest Digest, long Size, bool IsNew) Store(GgufWriter writer)
    {
        if (store.FreeBytes is { } free && writer.TensorBytes > free)
        {
            throw new StoreException(StoreError.DiskFull, $"there is no space left for the model store: {writer.TensorBytes - free} bytes are missing");
        }

        using var blob = store.Blobs.BeginWrite();
        using (var buffered = new BufferedStream(new BlobStream(blob), BufferBytes))
        {
            writer.Write(buffered);
        }

        var digest = blob.Complete(null);
        return (digest, blob.Length, !blob.WasThere);
    }

    /// <summary>Takes a file that is outside the store in, unless its content is there.</summary>
    public async Task<(Digest Digest, long Size, bool IsNew)> StoreAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var digest = Digest.FromHash(await System.Security.Cryptography.SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
        if (store.Blobs.LengthOf(digest) == file.Length)
        {
            return (digest, file.Length, false);
        }

        file.Position = 0;
        var layer = await store.Blobs.AddAsync(file, digest, cancellationToken).ConfigureAwait(false);
        return (digest, layer.Size, true);
    }
}
