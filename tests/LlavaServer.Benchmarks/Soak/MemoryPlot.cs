using System.Globalization;
using System.Text;

namespace LlavaServer.Benchmarks.Soak;

/// <summary>Draws samples as an SVG picture: requests to the right, MiB upwards.</summary>
internal static class MemoryPlot
{
    private const int Width = 720;
    private const int Height = 320;
    private const int Left = 60;
    private const int Bottom = 40;
    private const int Margin = 20;

    public static string Svg(IReadOnlyList<MemorySample> samples)
    {
        (string Name, string Colour, Func<MemorySample, long> Bytes)[] lines =
        [
            ("resident", "#555555", static s => s.ResidentBytes), ("anonymous and swapped", "#1f5fa8", static s => s.AnonymousBytes),
            ("managed heap", "#b04a1e", static s => s.HeapBytes),
        ];
        var most = Math.Max(1, samples.Max(s => lines.Max(l => l.Bytes(s)))) / (double)(1 << 20) * 1.1;
        var last = Math.Max(1, samples[^1].Requests);
        var svg = new StringBuilder($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        for (var i = 0; i <= 4; i++)
        {
            var y = Y(most * i / 4, most);
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left},{y:F1} H{Width - Margin}\" stroke=\"#dddddd\"/><text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{most * i / 4:F0}</text>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(last * i / 4.0, last):F1}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{last * i / 4}</text>\n");
        }

        svg.Append($"<text x=\"{Width / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">requests</text><text x=\"8\" y=\"14\">MiB</text>\n");
        for (var i = 0; i < lines.Length; i++)
        {
            var (name, colour, bytes) = lines[i];
            var points = samples.Where(s => bytes(s) >= 0)
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{X(s.Requests, last):F1},{Y(bytes(s) / (double)(1 << 20), most):F1}"));
            svg.Append($"<polyline points=\"{string.Join(' ', points)}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            svg.Append($"<text x=\"{Left + 10 + (i * 170)}\" y=\"14\" fill=\"{colour}\">{name}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double X(double requests, double last) => Left + (requests / last * (Width - Left - Margin));

    private static double Y(double mebibytes, double most) => Height - Bottom - (mebibytes / most * (Height - Bottom - Margin));
}
