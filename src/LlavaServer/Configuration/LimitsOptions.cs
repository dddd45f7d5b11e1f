using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>
/// Bounds of connections, bodies and requests at the network edge, section <c>Llava:Limits</c>. Reaching one is an answer that names it; limits of
/// pictures' pixels belong to the inference options of the same section.
/// </summary>
internal sealed class LimitsOptions
{
    /// <summary>Open connections; further ones are closed at once. Default 1024, four times what a busy gateway opens.</summary>
    [Range(1, 1_000_000)]
    public int Connections { get; set; } = 1024;

    /// <summary>Time for a request's headers to arrive. Default 15 s, half of Kestrel's.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Life of an idle connection. Default 75 s, as nginx.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>Bytes of a request body after decompression. Default 64 MiB: three pictures of 16 MiB in base64.</summary>
    [Range(1024L, 1L << 30)]
    public long MaxRequestBodyBytes { get; set; } = 64L << 20;

    /// <summary>Time before the rate of a body is judged, and the span over which it is. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Mean bytes a second below which a body is refused. Default 1024, a very bad mobile link.</summary>
    [Range(1, 1 << 30)]
    public int BodyMinBytesPerSecond { get; set; } = 1024;

    /// <summary>Nesting of JSON. Default 128, twice what the framework takes.</summary>
    [Range(8, 1000)]
    public int JsonDepth { get; set; } = 128;

    /// <summary>Names and values in a body. Default 1,000,000: each costs 12 bytes beside the text, so a body of commas would cost six times its size.</summary>
    [Range(1000, 100_000_000)]
    public int JsonTokens { get; set; } = 1_000_000;

    /// <summary>Messages of a conversation. Default 2048.</summary>
    [Range(1, 1_000_000)]
    public int Messages { get; set; } = 2048;

    /// <summary>Content parts of a conversation. Default 4096.</summary>
    [Range(1, 1_000_000)]
    public int Parts { get; set; } = 4096;

    /// <summary>Texts of a request for embeddings. Default 2048, OpenAI's.</summary>
    [Range(1, 1_000_000)]
    public int EmbeddingInputs { get; set; } = 2048;

    /// <summary>Pictures of a request. Default 16.</summary>
    [Range(1, 10_000)]
    public int Images { get; set; } = 16;

    /// <summary>Bytes of one encoded picture. Default 20 MiB, as OpenAI.</summary>
    [Range(1024L, 1L << 30)]
    public long ImageBytes { get; set; } = 20L << 20;

    /// <summary>Time without the client taking a byte of its answer. Default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan WriteStall { get; set; } = TimeSpan.FromSeconds(60);
}
