using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Marks in front of the lines that an engine process writes for the server's log: their level, as systemd's journal has them. A line without a mark is
/// logged for debugging.
/// </summary>
public static class EngineWords
{
    public const string Error = "<3>";
    public const string Warning = "<4>";
    public const string Information = "<6>";
    public const string Debug = "<7>";

    /// <summary>Level and text of a line.</summary>
    internal static (LogLevel Level, string Text) Read(string line) => line.Length < Error.Length || line[0] != '<' ? (LogLevel.Debug, line) : line[..Error.Length] switch
    {
        Error => (LogLevel.Error, line[Error.Length..]),
        Warning => (LogLevel.Warning, line[Error.Length..]),
        Information => (LogLevel.Information, line[Error.Length..]),
        Debug => (LogLevel.Debug, line[Error.Length..]),
        _ => (LogLevel.Debug, line),
    };
}
