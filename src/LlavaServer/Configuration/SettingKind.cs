namespace LlavaServer.Configuration;

/// <summary>Kinds of values of settings.</summary>
internal enum SettingKind
{
    Text,
    Integer,
    Bytes,
    Duration,
    Boolean,
    LogLevel,
    LogFormat,
}
