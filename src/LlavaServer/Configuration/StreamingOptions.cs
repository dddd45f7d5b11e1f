using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>Timing of streamed answers, section <c>Llava:Streaming</c>.</summary>
internal sealed class StreamingOptions
{
    /// <summary>Time in the queue after which status and headers are sent although there is no text yet. Default 5 s: failures before it are plain answers.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan CommitDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which a comment line is sent. Default 10 s; OpenAI's .NET client gives up after 100 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time after which a whole (not streamed) answer that is not ready is begun with status 200 and a space, and another every
    /// <see cref="PingInterval"/>; a later failure only breaks the connection. 0, the default, is never.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WholeKeepAlive { get; set; }
}
