using System.Globalization;
using System.Text;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>The function <c>strftime_now</c>: the server's local time, written as C's <c>strftime</c> in English.</summary>
internal static class JinjaClock
{
    public static JinjaFunction Function(DateTimeOffset now) =>
        new("strftime_now", arguments => JinjaText.Of(Format(now, arguments.Text(0, "format").Value)));

    public static string Format(DateTimeOffset now, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            var isPlain = format[++i] == '-' && i + 1 < format.Length;
            var code = format[isPlain ? ++i : i];
            var part = Part(now, code) ?? throw JinjaFault.Value($"strftime_now does not know '%{code}'");
            text.Append(isPlain && part.Length > 1 ? part.TrimStart('0', ' ') is { Length: > 0 } rest ? rest : "0" : part);
        }

        return text.ToString();
    }

    private static string? Part(DateTimeOffset now, char code)
    {
        string By(string pattern) => now.ToString(pattern, CultureInfo.InvariantCulture);

        return code switch
        {
            'Y' => By("yyyy"),
            'y' => By("yy"),
            'm' => By("MM"),
            'd' => By("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'H' => By("HH"),
            'I' => By("hh"),
            'M' => By("mm"),
            'S' => By("ss"),
            'f' => By("ffffff"),
            'p' => By("tt"),
            'B' => By("MMMM"),
            'b' or 'h' => By("MMM"),
            'A' => By("dddd"),
            'a' => By("ddd"),
            'j' => now.DayOfYear.ToString("D3", CultureInfo.InvariantCulture),
            'F' => By("yyyy-MM-dd"),
            'T' => By("HH:mm:ss"),
            'D' => By("MM/dd/yy"),
            'R' => By("HH:mm"),
            'c' => By("ddd MMM ") + now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + By(" HH:mm:ss yyyy"),
            'x' => By("MM/dd/yy"),
            'X' => By("HH:mm:ss"),
            'z' => By("zzz").Replace(":", "", StringComparison.Ordinal),
            'Z' => now.Offset == TimeSpan.Zero ? "UTC" : By("zzz"),
            's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            '%' => "%",
            'n' => "\n",
            't' => "\t",
            _ => null,
        };
    }
}
