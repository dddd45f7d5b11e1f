using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Images;

/// <summary>How many encoded pictures are kept (section <c>Llava:Cache</c>).</summary>
public sealed class ImageCacheOptions
{
    /// <summary>Bytes of embeddings of seen pictures over all models; least recently used go. 0 keeps none. Default 512 MiB.</summary>
    [Range(0L, long.MaxValue)]
    public long ImageBytes { get; set; } = 512L << 20;
}
