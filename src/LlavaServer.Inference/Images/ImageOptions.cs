using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Images;

/// <summary>What decoding pictures may cost (section <c>Llava:Images</c>).</summary>
public sealed class ImageOptions
{
    /// <summary>Pictures decoded at once; others wait. Default 2.</summary>
    [Range(1, 256)]
    public int DecodeSlots { get; set; } = 2;

    /// <summary>Bytes of decoded pixels in flight; others wait. Default 512 MiB.</summary>
    [Range(1L << 20, long.MaxValue)]
    public long DecodeBytes { get; set; } = 512L << 20;

    /// <summary>A picture whose decoding takes longer is refused. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan DecodeTime { get; set; } = TimeSpan.FromSeconds(10);
}
