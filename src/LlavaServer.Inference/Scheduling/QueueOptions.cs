using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Scheduling;

/// <summary>How many requests wait, and how long (section <c>Llava:Queue</c>).</summary>
public sealed class QueueOptions
{
    /// <summary>Requests waiting per model beyond those that its slots hold; more are refused at once. Default 64.</summary>
    [Range(0, 100_000)]
    public int MaxQueue { get; set; } = 64;

    /// <summary>A request that waited longer for a slot is refused as if the queue were full. Default 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Bytes of picture files and message texts held by unfinished requests of one model; more are refused at once, except for a request alone. Default
    /// 256 MiB: four bodies of the largest size.
    /// </summary>
    [Range(1L, long.MaxValue)]
    public long Bytes { get; set; } = 256L << 20;

    /// <summary>Bytes of picture files held by unfinished requests over all models; more are refused at once. Default 512 MiB.</summary>
    [Range(1L, long.MaxValue)]
    public long ImageBytes { get; set; } = 512L << 20;
}
