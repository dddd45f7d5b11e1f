using System.Buffers;
using System.Globalization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Durations as Go writes them: <c>300ms</c>, <c>1.5h</c>, <c>2h45m</c>, <c>-1s</c>, <c>0</c>. The texts of its errors are Go's, which clients know.</summary>
internal static class GoDuration
{
    private const int MaxTextLength = 64;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>Null with <paramref name="error"/> for a text that is no duration. Durations beyond .NET's range become the largest one.</summary>
    public static TimeSpan? Parse(string text, out string error)
    {
        error = "";
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return TimeSpan.Zero;
        }

        double ticks = 0;
        if (rest.IsEmpty || text.Length > MaxTextLength)
        {
            error = Invalid(text);
            return null;
        }

        while (!rest.IsEmpty)
        {
            if (!TakeNumber(ref rest, out var number))
            {
                error = Invalid(text);
                return null;
            }

            var length = UnitLength(rest);
            if (length == 0)
            {
                error = $"time: missing unit in duration {OllamaText.Quote(text)}";
                return null;
            }

            if (TicksOf(rest[..length]) is not { } unit)
            {
                error = $"time: unknown unit {OllamaText.Quote(rest[..length].ToString())} in duration {OllamaText.Quote(text)}";
                return null;
            }

            ticks += number * unit;
            rest = rest[length..];
        }

        var span = ticks >= TimeSpan.MaxValue.Ticks ? TimeSpan.MaxValue : new TimeSpan((long)ticks);
        return isNegative ? -span : span;
    }

    private static bool TakeNumber(ref ReadOnlySpan<char> text, out double number)
    {
        var length = text.IndexOfAnyExcept(NumberCharacters);
        var digits = length < 0 ? text : text[..length];
        text = text[digits.Length..];
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }

    private static int UnitLength(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAny(NumberCharacters);
        return length < 0 ? text.Length : length;
    }

    private static double? TicksOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1d / TimeSpan.NanosecondsPerTick,
        "us" or "\u00B5s" or "\u03BCs" => TimeSpan.TicksPerMicrosecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        _ => null,
    };

    private static string Invalid(string text) => $"time: invalid duration {OllamaText.Quote(text)}";

}
