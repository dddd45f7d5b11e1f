using System.Buffers;
using System.Globalization;

namespace LlavaServer.Configuration;

/// <summary>Reads values of settings as people write them.</summary>
internal static class SettingText
{
    private static readonly SearchValues<char> s_numberCharacters = SearchValues.Create("0123456789.-");

    private static readonly (string Unit, double Seconds)[] s_times = [("ms", 0.001), ("h", 3600), ("m", 60), ("s", 1)];

    private static readonly (string Unit, long Bytes)[] s_sizes =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("B", 1),
    ];

    /// <summary><c>90</c> (seconds), <c>1.5s</c>, <c>5m</c>, <c>1h30m</c>, or .NET's own form; null for anything else.</summary>
    public static TimeSpan? Duration(string text)
    {
        text = text.Trim();
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
        }

        var total = 0.0;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(s_numberCharacters);
            digits = digits < 0 ? rest.Length : digits;
            if (!double.TryParse(rest[..digits], NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var scale = rest.Length == 0 && digits == text.Length ? 1 : 0.0;
            foreach (var (unit, seconds) in s_times)
            {
                if (scale == 0 && rest.StartsWith(unit, StringComparison.OrdinalIgnoreCase))
                {
                    scale = seconds;
                    rest = rest[unit.Length..];
                }
            }

            if (scale == 0)
            {
                return null;
            }

            total += number * scale;
        }

        return text.Length > 0 && Math.Abs(total) < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(total) : null;
    }

    /// <summary><c>1048576</c>, <c>20MiB</c>, <c>20 MB</c>; null for anything else.</summary>
    public static long? Bytes(string text)
    {
        text = text.Trim();
        var scale = 1L;
        foreach (var (unit, bytes) in s_sizes)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                scale = bytes;
                text = text[..^unit.Length].TrimEnd();
                break;
            }
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && Math.Abs(number * scale) < long.MaxValue
            ? (long)(number * scale)
            : null;
    }

    public static bool? Boolean(string text) => text.Trim().ToLowerInvariant() switch
    {
        "1" or "true" or "yes" or "on" => true,
        "0" or "false" or "no" or "off" or "" => false,
        _ => null,
    };

    /// <summary>A level by its name, or Ollama's numbers: 0 information, 1 debug, 2 trace.</summary>
    public static string? Level(string text) => text.Trim().ToLowerInvariant() switch
    {
        "trace" or "2" => nameof(LogLevel.Trace),
        "debug" or "1" or "true" => nameof(LogLevel.Debug),
        "info" or "information" or "0" or "false" or "" => nameof(LogLevel.Information),
        "warn" or "warning" => nameof(LogLevel.Warning),
        "error" => nameof(LogLevel.Error),
        _ => null,
    };
}
