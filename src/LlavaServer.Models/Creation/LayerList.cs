using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>The layers of a model in the making, and whether each is new in the store. One creation, one thread.</summary>
internal sealed class LayerList(BlobStore blobs)
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly List<(ManifestLayer Layer, string Status)> _layers = [];
    private readonly List<Digest> _created = [];

    public IReadOnlyList<ManifestLayer> Layers => _layers.ConvertAll(static item => item.Layer);

    /// <summary>What Ollama says of each layer.</summary>
    public IEnumerable<string> Statuses => _layers.Select(static item => item.Status);

    /// <summary>Blobs that were not in the store before.</summary>
    public IReadOnlyList<Digest> Created => _created;

    public IEnumerable<ManifestLayer> Of(string mediaType) => _layers.Where(item => item.Layer.MediaType == mediaType).Select(static item => item.Layer);

    /// <summary>Takes a layer over whose blob is in the store.</summary>
    public void Keep(ManifestLayer layer) => _layers.Add((layer, $"using existing layer {layer.Digest}"));

    /// <summary>Takes a blob that was written for this model.</summary>
    public void Add(string mediaType, Digest digest, long size, bool isNew)
    {
        if (!isNew)
        {
            Keep(new ManifestLayer(mediaType, digest, size));
            return;
        }

        _created.Add(digest);
        _layers.Add((new ManifestLayer(mediaType, digest, size), $"creating new layer {digest}"));
    }

    /// <summary>Stores a small content.</summary>
    public void Add(string mediaType, ReadOnlySpan<byte> content)
    {
        var digest = Digest.Of(content);
        var isNew = blobs.LengthOf(digest) != content.Length;
        if (isNew)
        {
            blobs.Add(content, mediaType);
        }

        Add(mediaType, digest, content.Length, isNew);
    }

    /// <summary>Stores a JSON value, readable.</summary>
    public void Add(string mediaType, JsonNode value) => Add(mediaType, JsonSerializer.SerializeToUtf8Bytes(value, s_readable));

    public void Remove(string mediaType) => _layers.RemoveAll(item => item.Layer.MediaType == mediaType);

    /// <summary>Takes the new ones' place in front: weights come before texts.</summary>
    public void MoveToFront(int from)
    {
        var last = _layers[from..];
        _layers.RemoveRange(from, last.Count);
        _layers.InsertRange(0, last);
    }
}
