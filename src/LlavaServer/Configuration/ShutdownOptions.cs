using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>How the server stops, section <c>Llava:Shutdown</c>.</summary>
internal sealed class ShutdownOptions
{
    /// <summary>Time between SIGTERM and closing the listener, in which load balancers see that it is not ready. Default 5 s; Ctrl+C skips it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for running answers to finish. Default 120 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(120);
}
