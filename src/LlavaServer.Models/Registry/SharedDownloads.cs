using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>
/// Downloads that several callers wait for: one for each blob. It ends early when the last of them leaves, and its failure reaches all. Thread-safe.
/// </summary>
internal sealed class SharedDownloads
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, Shared> _running = [];

    /// <summary>Waits for a blob, and reports meanwhile.</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="begin">Makes the download if nobody has begun it; what it is made of lives as long as the download.</param>
    /// <param name="report">Called now and then with the bytes that are there.</param>
    /// <param name="interval">Between two reports.</param>
    /// <param name="cancellationToken">This caller leaves.</param>
    public async Task WaitAsync(
        Digest digest, Func<(BlobDownload Download, IDisposable Owned)> begin, Func<long, ValueTask> report, TimeSpan interval, CancellationToken cancellationToken)
    {
        var shared = Join(digest, begin);
        try
        {
            while (!shared.Task.IsCompleted)
            {
                await report(shared.Download.Completed).ConfigureAwait(false);
                await Task.WhenAny(shared.Task, Task.Delay(interval, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }

            await shared.Task.ConfigureAwait(false);
        }
        finally
        {
            await LeaveAsync(digest, shared).ConfigureAwait(false);
        }
    }

    private Shared Join(Digest digest, Func<(BlobDownload Download, IDisposable Owned)> begin)
    {
        lock (_lock)
        {
            if (!_running.TryGetValue(digest, out var shared))
            {
                var (download, owned) = begin();
                shared = new Shared(download, owned);
                _running.Add(digest, shared);
                shared.Task = Task.Run(() => download.RunAsync(shared.Leaving.Token));
            }

            shared.Waiting++;
            return shared;
        }
    }

    private async Task LeaveAsync(Digest digest, Shared shared)
    {
        lock (_lock)
        {
            if (--shared.Waiting > 0)
            {
                return;
            }

            _running.Remove(digest);
        }

        await shared.Leaving.CancelAsync().ConfigureAwait(false);
        await shared.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        shared.Leaving.Dispose();
        shared.Owned.Dispose();
    }

    private sealed class Shared(BlobDownload download, IDisposable owned)
    {
        public BlobDownload Download => download;

        public IDisposable Owned => owned;

        public CancellationTokenSource Leaving { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;

        public int Waiting { get; set; }
    }
}
