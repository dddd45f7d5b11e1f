using System.Collections.Concurrent;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Encodes pictures of one loaded model on its own thread, one at a time in order of arrival, beside the steps of the scheduler. A picture that is
/// cached or already on its way is not encoded again.
/// </summary>
internal sealed class VisionWorker : IDisposable
{
    private readonly IVisionEncoder _encoder;
    private readonly ImageDecoder _decoder;
    private readonly ImageEmbeddingCache _cache;
    private readonly InferenceMetrics _metrics;
    private readonly ComputeTurns _turns;
    private readonly TimeProvider _time;
    private readonly string _model;
    private readonly string _modelDigest;
    private readonly Action _completed;
    private readonly Lock _lock = new();
    private readonly Dictionary<ImageEmbeddingKey, EncodeJob> _running = [];
    private readonly BlockingCollection<EncodeJob> _jobs = [];
    private readonly Thread _thread;
    private long _encodingSince;

    /// <param name="encoder">Used by this worker's thread only.</param>
    /// <param name="decoder">Decodes pictures whose pixels were not kept.</param>
    /// <param name="cache">Shared by all models.</param>
    /// <param name="model">Name and digest of the model.</param>
    /// <param name="metrics">Counts encoded and cached pictures.</param>
    /// <param name="turns">By which encoding gives way to steps.</param>
    /// <param name="time">Measures encoding.</param>
    /// <param name="completed">Called on this worker's thread when a job has a result or failed.</param>
    public VisionWorker(
        IVisionEncoder encoder,
        ImageDecoder decoder,
        ImageEmbeddingCache cache,
        (string Name, string Digest) model,
        InferenceMetrics metrics,
        ComputeTurns turns,
        TimeProvider time,
        Action completed)
    {
        _encoder = encoder;
        _decoder = decoder;
        _cache = cache;
        (_model, _modelDigest) = model;
        _metrics = metrics;
        _turns = turns;
        _time = time;
        _completed = completed;
        _thread = new Thread(Run) { Name = "vision " + model.Name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Timestamp of when the present picture was begun; 0 without one.</summary>
    public long EncodingSince => Volatile.Read(ref _encodingSince);

    /// <summary>Jobs with at least one user that are not finished.</summary>
    public int PendingCount
    {
        get
        {
            lock (_lock)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>Asks for a picture. The caller looks at the job's result at every step and ends with <see cref="Release"/>.</summary>
    public EncodeJob Request(Picture picture, string scope)
    {
        var key = new ImageEmbeddingKey(_modelDigest, _encoder.Info.Profile, picture.Hash, scope);
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out var job))
            {
                job = new EncodeJob(key, picture);
                if (_cache.Find(key) is { } embedding)
                {
                    job.Complete(embedding);
                    _metrics.ImageCached(_model);
                }
                else
                {
                    _running.Add(key, job);
                    _jobs.Add(job);
                }
            }
            else
            {
                _metrics.ImageCached(_model);
            }

            job.UserCount++;
            return job;
        }
    }

    /// <summary>A sequence no longer needs a job; the last one to leave an unfinished job cancels it.</summary>
    public void Release(EncodeJob job)
    {
        lock (_lock)
        {
            if (--job.UserCount > 0 || !_running.TryGetValue(job.Key, out var current) || !ReferenceEquals(current, job))
            {
                return;
            }

            _running.Remove(job.Key);
            job.Cancel();
        }
    }

    /// <summary>Cancels what is running and ends the thread.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        lock (_lock)
        {
            foreach (var job in _running.Values)
            {
                job.Cancel();
            }

            _running.Clear();
        }

        _thread.Join();
        _jobs.Dispose();
    }

    private void Run()
    {
        foreach (var job in _jobs.GetConsumingEnumerable())
        {
            if (!job.Cancelled.IsCancellationRequested)
            {
                Encode(job);
            }

            lock (_lock)
            {
                // Only if it is still this job: it may have been released and asked for again meanwhile.
                if (_running.TryGetValue(job.Key, out var current) && ReferenceEquals(current, job))
                {
                    _running.Remove(job.Key);
                }

                job.Dispose();
            }

            _completed();
        }
    }

    private void Encode(EncodeJob job)
    {
        try
        {
            var started = _time.GetTimestamp();
            Volatile.Write(ref _encodingSince, started);
            var pixels = job.Picture.Pixels ?? _decoder.DecodeAgain(job.Picture, job.Cancelled);
            var embedding = _encoder.Encode(pixels, _turns, job.Cancelled);
            _cache.Add(job.Key, embedding);
            _metrics.ImageEncoded(_model, _time.GetElapsedTime(started));
            job.Complete(embedding);
        }
        catch (Exception failure)
        {
            // Every kind ends the sequences that wait for this picture and nothing else.
            job.Fail(failure);
        }
        finally
        {
            Volatile.Write(ref _encodingSince, 0);
        }
    }
}
