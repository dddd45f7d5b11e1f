using System.Globalization;
using System.Text.Json;

namespace LlavaServer.Cli.Run;

/// <summary>One line that says what the server is doing until there is text; then it is gone. Only on a terminal. Owned by one answer.</summary>
internal sealed class StatusLine(TextWriter output, bool isShown)
{
    private const string Erase = "\r\u001b[K";
    private bool _isThere;

    /// <summary>What a progress chunk says, in words.</summary>
    public static string Describe(JsonElement progress)
    {
        var phase = progress.GetProperty("phase").GetString();
        return phase switch
        {
            "queued" => $"waiting: {Number(progress, "position")} of {Number(progress, "length")} in line",
            "loading" => $"loading the model, {Percent(progress)}",
            "encoding" => $"looking at image {Number(progress, "image")} of {Number(progress, "images")}",
            "prefill" => $"reading, {Percent(progress)}",
            _ => phase ?? "",
        };
    }

    public void Show(JsonElement progress)
    {
        if (isShown && progress.GetProperty("phase").GetString() != "decode")
        {
            output.Write(Erase + Describe(progress));
            output.Flush();
            _isThere = true;
        }
    }

    public void Remove()
    {
        if (_isThere)
        {
            output.Write(Erase);
            output.Flush();
            _isThere = false;
        }
    }

    private static long Number(JsonElement progress, string name) => progress.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static string Percent(JsonElement progress) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * Number(progress, "done") / Math.Max(1, Number(progress, "total"))} %");
}
