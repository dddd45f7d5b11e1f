using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using LlavaServer.Models.Store;
using Microsoft.Win32.SafeHandles;
using Polly;
using Polly.Retry;

namespace LlavaServer.Models.Registry;

/// <summary>
/// The download of one blob: parts side by side into one file beside the blobs, resumed where an earlier try ended, checked as a whole, and renamed. Nobody
/// sees the blob before. Runs once; owned by whoever asked for it first.
/// </summary>
internal sealed class BlobDownload
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Tries to open a file that is not there between two looks; a disk that cannot make one fails as often.</summary>
    private const int MaxVanished = 5;

    // Windows lets nobody rename a file that is open, unless it was opened so.
    private static readonly FileShare s_alone = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    private readonly RegistrySession _session;
    private readonly BlobStore _blobs;
    private readonly Digest _digest;
    private readonly DownloadOptions _options;
    private readonly TimeProvider _time;
    private readonly PartFiles _files;
    private readonly ResiliencePipeline _again;
    private volatile List<DownloadPart> _parts = [];
    private volatile Uri _source;
    private long _reported;

    public BlobDownload(RegistrySession session, BlobStore blobs, Digest digest, long total, DownloadOptions options, TimeProvider time)
    {
        _session = session;
        _blobs = blobs;
        _digest = digest;
        Total = total;
        _options = options;
        _time = time;
        _files = new PartFiles(blobs.Folder, digest);
        _source = Home;
        _again = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static attempt => ValueTask.FromResult(attempt.Outcome.Exception is PartException { MayPass: true }),
            MaxRetryAttempts = int.MaxValue,
            DelayGenerator = attempt => ValueTask.FromResult<TimeSpan?>(WaitAfter(((PartException)attempt.Outcome.Exception!).Failures)),
        }).Build();
    }

    public long Total { get; }

    /// <summary>Bytes that are there; never less than before.</summary>
    public long Completed
    {
        get
        {
            var sum = _parts.Sum(static part => part.Completed);
            long last;
            while ((last = Volatile.Read(ref _reported)) < sum && Interlocked.CompareExchange(ref _reported, sum, last) != last)
            {
                // Somebody else reports too.
            }

            return Math.Max(last, sum);
        }
    }

    private Uri Home => _session.Address.Blob(_digest);

    /// <summary>
    /// Downloads the blob. Throws <see cref="RegistryException"/> when the registry fails for good, <see cref="StoreException"/> when the disk is full or the
    /// bytes are not those of the digest. What is there by then is kept for the next time, unless it is wrong.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(_blobs.Folder);
            using var file = await OpenAsync(cancellationToken).ConfigureAwait(false);
            if (file is null)
            {
                return;
            }

            try
            {
                await DownloadAsync(file, cancellationToken).ConfigureAwait(false);
            }
            catch (RangeIgnoredException)
            {
                // The registry gives whole files only: one part, from its beginning.
                Restart([new DownloadPart(0, 0, Total, 0)]);
                await DownloadAsync(file, cancellationToken).ConfigureAwait(false);
            }

            Verify(file);
        }
        catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
        {
            throw failure.Error == StoreError.DiskFull
                ? new StoreException(StoreError.DiskFull, $"there is no space left for the model store: {Total - Completed} bytes are missing", exception)
                : failure;
        }
    }

    // The open file is the lock: another process that downloads the same blob is waited for. Null when it has come that way.
    private async Task<SafeFileHandle?> OpenAsync(CancellationToken cancellationToken)
    {
        for (var vanished = 0; ;)
        {
            try
            {
                var file = File.OpenHandle(_files.Data, FileMode.OpenOrCreate, FileAccess.ReadWrite, s_alone, FileOptions.Asynchronous);
                if (_blobs.LengthOf(_digest) == Total)
                {
                    file.Dispose();
                    _files.Remove();
                    return null;
                }

                _parts = _files.Read(Total) ?? [];
                if (_parts.Count == 0)
                {
                    RandomAccess.SetLength(file, Total);
                    Restart(Cut());
                }

                return file;
            }
            catch (IOException) when (!cancellationToken.IsCancellationRequested && (File.Exists(_files.Data) || ++vanished <= MaxVanished))
            {
                // One that was locked and is gone now has been finished, or given up.
                await Task.Delay(_options.Report, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private List<DownloadPart> Cut()
    {
        var size = Math.Clamp(Total / 16, _options.LeastPartBytes, _options.MostPartBytes);
        var parts = new List<DownloadPart>();
        for (long offset = 0; offset < Total || parts.Count == 0; offset += size)
        {
            parts.Add(new DownloadPart(parts.Count, offset, Math.Min(size, Total - offset), 0));
        }

        return parts;
    }

    private void Restart(List<DownloadPart> parts)
    {
        _files.Remove(keepsData: true);
        parts.ForEach(_files.Write);
        _parts = parts;
    }

    private async Task DownloadAsync(SafeFileHandle file, CancellationToken cancellationToken)
    {
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? first = null;
        try
        {
            await Parallel.ForEachAsync(
                _parts.Where(static part => !part.IsComplete),
                new ParallelOptions { MaxDegreeOfParallelism = _options.Parallel, CancellationToken = failing.Token },
                async (part, token) =>
                {
                    try
                    {
                        await DownloadAsync(file, part, token).ConfigureAwait(false);
                    }
                    catch (Exception failure)
                    {
                        Interlocked.CompareExchange(ref first, failure, null);
                        await failing.CancelAsync().ConfigureAwait(false);
                        throw;
                    }
                }).ConfigureAwait(false);
        }
        catch (Exception) when (first is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw first is PartException ? new RegistryException(first.Message, inner: first) : first;
        }
    }

    private async Task DownloadAsync(SafeFileHandle file, DownloadPart part, CancellationToken cancellationToken)
    {
        var failures = 0;
        await _again.ExecuteAsync(
            async token =>
            {
                var before = part.Completed;
                try
                {
                    await ReadAsync(file, part, token).ConfigureAwait(false);
                }
                catch (RegistryException failure)
                {
                    failures = part.Completed > before ? 1 : failures + 1;
                    throw new PartException(failure.Message, failure.MayPass && failures < _options.Attempts, failures, failure);
                }
                finally
                {
                    Note(file, part);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private void Note(SafeFileHandle file, DownloadPart part)
    {
        RandomAccess.FlushToDisk(file);
        _files.Write(part);
    }

    private async Task ReadAsync(SafeFileHandle file, DownloadPart part, CancellationToken cancellationToken)
    {
        var (from, to) = (part.Offset + part.Completed, part.Offset + part.Size - 1);
        var isWhole = from == 0 && to == Total - 1;
        if (from > to)
        {
            return;
        }

        var source = _source;
        using var response = await _session.SendAsync(
            HttpMethod.Get, source, request => request.Headers.Range = isWhole ? null : new RangeHeaderValue(from, to), cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            // A signed address expires; the registry signs another one.
            _source = Home;
            var status = (int)response.StatusCode;
            throw new RegistryException(
                status == 404 ? $"the file {_digest} does not exist in the registry" : $"the registry answers {status} for a file",
                mayPass: status is 408 or 429 or >= 500 || (source != Home && status is 401 or 403));
        }

        if (response.RequestMessage?.RequestUri is { } reached && reached.Authority != Home.Authority)
        {
            _source = reached;
        }

        long skip = 0;
        if (!isWhole && response.StatusCode != HttpStatusCode.PartialContent)
        {
            skip = _parts.Count == 1 ? from : throw new RangeIgnoredException();
        }
        else if (!isWhole && response.Content.Headers.ContentRange is var range && (range?.From != from || range.To != to || (range.Length is { } length && length != Total)))
        {
            throw new RegistryException("the registry gives another range than was asked for", mayPass: true);
        }

        if (response.Content.Headers.ContentLength is { } announced && announced != to - from + 1 + skip)
        {
            throw new RegistryException($"the registry gives {announced} bytes in place of {to - from + 1 + skip}", mayPass: true);
        }

        await CopyAsync(response, file, part, skip, cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyAsync(HttpResponseMessage response, SafeFileHandle file, DownloadPart part, long skip, CancellationToken cancellationToken)
    {
        using var stalling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), stalling, _options.Stall, Timeout.InfiniteTimeSpan);
        var buffer = new byte[BufferBytes];
        var noted = part.Completed;
        await using var stream = await response.Content.ReadAsStreamAsync(stalling.Token).ConfigureAwait(false);
        while (!part.IsComplete)
        {
            var want = skip > 0 ? Math.Min(skip, buffer.Length) : Math.Min(part.Size - part.Completed, buffer.Length);
            var count = await ReadSomeAsync(stream, buffer.AsMemory(0, (int)want), stalling.Token, cancellationToken).ConfigureAwait(false);
            timer.Change(_options.Stall, Timeout.InfiniteTimeSpan);
            if (skip > 0)
            {
                skip -= count;
                continue;
            }

            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, count), part.Offset + part.Completed, cancellationToken).ConfigureAwait(false);
            part.Add(count);
            if (part.Completed - noted >= _options.NoteBytes)
            {
                noted = part.Completed;
                Note(file, part);
            }
        }
    }

    private async Task<int> ReadSomeAsync(Stream stream, Memory<byte> buffer, CancellationToken stalled, CancellationToken cancellationToken)
    {
        try
        {
            var count = await stream.ReadAsync(buffer, stalled).ConfigureAwait(false);
            return count > 0 ? count : throw new RegistryException("the registry's answer broke off", mayPass: true);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new RegistryException("the registry's answer broke off", mayPass: true, failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RegistryException($"the registry gives nothing for {_options.Stall.TotalSeconds} s", mayPass: true, failure);
        }
    }

    // Read back from the file: what was downloaded in parts, and perhaps by several processes, is what counts.
    private void Verify(SafeFileHandle file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (long at = 0; at < Total;)
        {
            var count = RandomAccess.Read(file, buffer, at);
            hash.AppendData(buffer.AsSpan(0, count));
            at += count;
        }

        var digest = Digest.FromHash(hash.GetHashAndReset());
        if (digest != _digest)
        {
            _files.Remove();
            throw new StoreException(StoreError.DigestMismatch, $"digest mismatch, file must be downloaded again: want {_digest}, got {digest}");
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        RandomAccess.FlushToDisk(file);
        File.Move(_files.Data, _blobs.PathOf(_digest), overwrite: true);
        Durability.FlushFolder(_blobs.Folder);
        _files.Remove();
    }

    private TimeSpan WaitAfter(int failures)
    {
        var wait = _options.FirstWait * Math.Pow(2, Math.Min(failures, 6) - 1);
        return wait * (0.75 + (0.5 * Random.Shared.NextDouble()));
    }

    private sealed class PartException(string message, bool mayPass, int failures, Exception inner) : Exception(message, inner)
    {
        public bool MayPass => mayPass;

        /// <summary>Tries in a row that brought nothing.</summary>
        public int Failures => failures;
    }

    private sealed class RangeIgnoredException : Exception;
}
