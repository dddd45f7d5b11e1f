namespace LlavaServer.Configuration;

/// <summary>One setting: its key under <c>Llava:</c>, the kind of its value, and the environment names that set it. Immutable.</summary>
internal sealed record Setting(string Key, SettingKind Kind, string? Environment = null, string? Ollama = null)
{
    public string FullKey => ServerOptions.Section + ":" + Key;

    /// <summary>Never shown.</summary>
    public bool IsSecret => Key == "Security:ApiKeys";

    /// <summary>The value as the options binder reads it, or null when the text is not of the setting's kind.</summary>
    public string? Normalise(string text) => Kind switch
    {
        SettingKind.Duration => SettingText.Duration(text)?.ToString("c"),
        SettingKind.Bytes => SettingText.Bytes(text)?.ToString(),
        SettingKind.Integer => long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var number) ? number.ToString() : null,
        SettingKind.Boolean => SettingText.Boolean(text)?.ToString(),
        SettingKind.LogLevel => SettingText.Level(text),
        SettingKind.LogFormat => Enum.TryParse<LogFormat>(text, ignoreCase: true, out var format) && Enum.IsDefined(format) ? format.ToString() : null,
        _ => text,
    };

    /// <summary>What the value must be, for the message about one that is not.</summary>
    public string Expectation => Kind switch
    {
        SettingKind.Duration => "a time such as 30s, 5m or 00:05:00",
        SettingKind.Bytes => "a size such as 1048576, 20MiB or 1GiB",
        SettingKind.Integer => "a whole number",
        SettingKind.Boolean => "true or false",
        SettingKind.LogLevel => "trace, debug, information, warning or error",
        SettingKind.LogFormat => "auto, text or json",
        _ => "a text",
    };
}
