using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference;

/// <summary>What is kept of earlier requests (section <c>Llava:Cache</c>).</summary>
public sealed class CacheOptions
{
    public const string Shared = "shared";
    public const string ByKey = "key";

    /// <summary>Bytes of embeddings of seen pictures over all models; least recently used go. 0 keeps none. Default 512 MiB.</summary>
    [Range(0L, long.MaxValue)]
    public long ImageBytes { get; set; } = 512L << 20;

    /// <summary>
    /// Who shares what is kept: <c>shared</c>, the default, everybody; <c>key</c>, only requests with the same API key, or from the same address where
    /// there is none, so that nobody can tell by the time what others asked.
    /// </summary>
    [AllowedValues(Shared, ByKey)]
    public string Scope { get; set; } = Shared;

    /// <summary>
    /// Ended sequences of one model, beside those in its slots, whose keys and values are kept for requests that begin alike, as long as their memory
    /// (<c>Engine:KVPositions</c>) is not needed; least recently used go. 0 keeps only what idle slots hold. Default 32.
    /// </summary>
    [Range(0, 1024)]
    public int PrefixSequences { get; set; } = 32;
}
