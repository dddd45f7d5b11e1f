using System.ComponentModel.DataAnnotations;
using LlavaServer.Metrics;
using Microsoft.Extensions.Options;

namespace LlavaServer.Configuration;

/// <summary>All settings of the host, section <c>Llava</c>; those between a neutral request and its tokens are the inference options of the same section.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Llava";

    /// <summary>Address in any spelling of <see cref="ServerAddress"/>. Default <c>http://127.0.0.1:11434</c>, as Ollama.</summary>
    [Required]
    public string Host { get; set; } = "http://127.0.0.1:11434";

    [Required, ValidateObjectMembers]
    public LimitsOptions Limits { get; set; } = new();

    [Required, ValidateObjectMembers]
    public RemoteImageOptions Images { get; set; } = new();

    [Required]
    public SecurityOptions Security { get; set; } = new();

    [Required, ValidateObjectMembers]
    public StreamingOptions Streaming { get; set; } = new();

    [Required, ValidateObjectMembers]
    public ShutdownOptions Shutdown { get; set; } = new();

    [Required]
    public ModelFileOptions Model { get; set; } = new();

    [Required]
    public MetricsOptions Metrics { get; set; } = new();

    [ValidateObjectMembers]
    public OpenAIOptions OpenAI { get; set; } = new();

    [Required]
    public LoggingOptions Logging { get; set; } = new();

    [Required, ValidateObjectMembers]
    public WebOptions Web { get; set; } = new();

    /// <summary><see cref="Host"/>, parsed; the default address while that is invalid, which validation reports.</summary>
    public ServerAddress Address => ServerAddress.TryParse(Host, out var address) ? address : new ServerAddress("http", "127.0.0.1", ServerAddress.DefaultPort);
}
