using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Images;

/// <summary>
/// Encoded pictures of all models, least recently used first to go when the bytes exceed the limit. Thread-safe; one for the process.
/// </summary>
internal sealed class ImageEmbeddingCache(long capacityBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ImageEmbeddingKey, LinkedListNode<(ImageEmbeddingKey Key, ImageEmbedding Embedding)>> _byKey = [];
    private readonly LinkedList<(ImageEmbeddingKey Key, ImageEmbedding Embedding)> _byUse = new();

    public long Bytes { get; private set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byKey.Count;
            }
        }
    }

    public ImageEmbedding? Find(ImageEmbeddingKey key)
    {
        lock (_lock)
        {
            if (!_byKey.TryGetValue(key, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value.Embedding;
        }
    }

    public void Add(ImageEmbeddingKey key, ImageEmbedding embedding)
    {
        lock (_lock)
        {
            if (embedding.Bytes > capacityBytes || _byKey.ContainsKey(key))
            {
                return;
            }

            _byKey.Add(key, _byUse.AddLast((key, embedding)));
            Bytes += embedding.Bytes;
            while (Bytes > capacityBytes)
            {
                var (oldest, evicted) = _byUse.First!.Value;
                _byUse.RemoveFirst();
                _byKey.Remove(oldest);
                Bytes -= evicted.Bytes;
            }
        }
    }
}
