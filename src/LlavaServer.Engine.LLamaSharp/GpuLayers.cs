using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.LLamaSharp;

/// <summary>How many layers of a model go to the graphics card: all that fit beside keys, values and buffers. Pure computation, any thread.</summary>
internal static class GpuLayers
{
    /// <summary>What the driver, the library's own workspace and the largest step take beside weights, keys and values, in bytes.</summary>
    public const long Headroom = 1L << 30;

    /// <summary>Layers that fit, the output counted as one; at most <paramref name="layers"/> + 1.</summary>
    /// <param name="freeBytes">Free memory of the card, before the vision tower is loaded.</param>
    /// <param name="modelBytes">The language model's weights.</param>
    /// <param name="layers">Blocks of the language model.</param>
    /// <param name="cacheBytes">Keys and values of all blocks.</param>
    /// <param name="besideBytes">Vision tower, projector and adapters, which go to the card first.</param>
    public static int Fitting(long freeBytes, long modelBytes, int layers, long cacheBytes, long besideBytes)
    {
        // Weights outside the blocks (output matrix) count as one layer of average size.
        var perLayer = (modelBytes / (layers + 1)) + (cacheBytes / layers);
        var room = freeBytes - besideBytes - Headroom;
        return room <= 0 ? 0 : (int)Math.Min(layers + 1, room / Math.Max(1, perLayer));
    }

    /// <summary>Bytes of keys and values, from a model's header.</summary>
    /// <param name="metadata">Of the language model.</param>
    /// <param name="positions">Positions held together.</param>
    /// <param name="bytesPerValue">By the cache type.</param>
    public static long CacheBytes(GgufMetadata metadata, int positions, double bytesPerValue)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var architecture = metadata.GetString("general.architecture");
        int Number(string key, int missing) => metadata.GetInt32($"{architecture}.{key}", missing);
        var width = Number("embedding_length", 0);
        var heads = Math.Max(1, Number("attention.head_count", 1));
        var keys = Number("attention.key_length", width / heads);
        var values = Number("attention.value_length", width / heads);
        return (long)((keys + values) * (long)Number("attention.head_count_kv", heads) * Number("block_count", 1) * positions * bytesPerValue);
    }
}
