namespace LlavaServer.Engine.LLamaSharp;

/// <summary>Types that keys and values can be kept in, by the names of the setting <c>Engine:KVCacheType</c>.</summary>
internal static class CacheType
{
    /// <summary>Number of the type in ggml.h, and bytes of a value. Throws <see cref="ArgumentOutOfRangeException"/> for an unknown name.</summary>
    public static (int GgmlType, double BytesPerValue) Of(string name) => name switch
    {
        "f32" => (0, 4),
        "f16" => (1, 2),
        "bf16" => (30, 2),
        "q8_0" => (8, 34.0 / 32),
        "q4_0" => (2, 18.0 / 32),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "unknown type of keys and values"),
    };
}
