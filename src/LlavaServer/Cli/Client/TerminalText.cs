using System.Globalization;

namespace LlavaServer.Cli.Client;

/// <summary>Texts as people read them on a terminal.</summary>
internal static class TerminalText
{
    private static readonly string[] s_units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>Without control characters, which could move the cursor or worse; lines and tabs stay.</summary>
    public static string Harmless(string text) =>
        string.Concat(text.Select(static c => char.IsControl(c) && c is not ('\n' or '\t') ? '\ufffd' : c));

    /// <summary>Decimal units, as Ollama shows them.</summary>
    public static string Bytes(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1000 && unit < s_units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {s_units[unit]}");
    }

    /// <summary>For example <c>3 minutes ago</c>, <c>4 minutes from now</c>.</summary>
    public static string Age(DateTimeOffset moment, DateTimeOffset now)
    {
        var distance = (now - moment).Duration();
        var (count, unit) = distance switch
        {
            { TotalSeconds: < 60 } => ((int)distance.TotalSeconds, "second"),
            { TotalMinutes: < 60 } => ((int)distance.TotalMinutes, "minute"),
            { TotalHours: < 48 } => ((int)distance.TotalHours, "hour"),
            { TotalDays: < 14 } => ((int)distance.TotalDays, "day"),
            { TotalDays: < 60 } => ((int)(distance.TotalDays / 7), "week"),
            { TotalDays: < 730 } => ((int)(distance.TotalDays / 30), "month"),
            _ => ((int)Math.Min(int.MaxValue, distance.TotalDays / 365), "year"),
        };
        return $"{count} {unit}{(count == 1 ? "" : "s")} {(moment <= now ? "ago" : "from now")}";
    }

    /// <summary>Rows under each other, columns as wide as their widest cell.</summary>
    public static void WriteColumns(TextWriter output, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine(string.Concat(row.Select((cell, column) => Harmless(cell).PadRight(widths[column] + 4))).TrimEnd());
        }
    }
}
