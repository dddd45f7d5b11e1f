namespace LlavaServer.Configuration;

/// <summary>Form of log lines.</summary>
internal enum LogFormat
{
    /// <summary>Text on a terminal, else JSON.</summary>
    Auto,

    Text,
    Json,
}
