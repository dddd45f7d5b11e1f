namespace LlavaServer.Configuration;

/// <summary>What is logged and how, section <c>Llava:Logging</c>.</summary>
internal sealed class LoggingOptions
{
    public LogLevel Level { get; set; } = LogLevel.Information;

    public LogFormat Format { get; set; } = LogFormat.Auto;
}
