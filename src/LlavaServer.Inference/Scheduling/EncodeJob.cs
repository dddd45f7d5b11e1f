using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// A picture on its way through the vision tower, shared by every sequence that needs it; without any, it is cancelled. Result and failure are
/// written by the vision worker and read by the scheduler thread; the worker cancels and disposes it under its lock.
/// </summary>
internal sealed class EncodeJob(ImageEmbeddingKey key, Picture picture) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private volatile ImageEmbedding? _embedding;
    private volatile Exception? _failure;

    public ImageEmbeddingKey Key { get; } = key;

    public Picture Picture { get; } = picture;

    public CancellationToken Cancelled => _cancellation.Token;

    /// <summary>Sequences that wait for the result; counted under the worker's lock.</summary>
    public int UserCount { get; set; }

    public ImageEmbedding? Embedding => _embedding;

    public Exception? Failure => _failure;

    public void Complete(ImageEmbedding embedding) => _embedding = embedding;

    public void Fail(Exception failure) => _failure = failure;

    public void Cancel() => _cancellation.Cancel();

    public void Dispose() => _cancellation.Dispose();
}
