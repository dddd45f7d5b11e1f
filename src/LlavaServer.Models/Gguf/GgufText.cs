namespace LlavaServer.Models.Gguf;

/// <summary>Names from a file, made safe for a one-line message: printable ASCII, at most 80 characters, in quotes.</summary>
internal static class GgufText
{
    private const int MaxShown = 80;

    public static string Quote(string name)
    {
        var shown = name.Length <= MaxShown ? name : string.Concat(name.AsSpan(0, MaxShown), "...");
        return string.Create(shown.Length + 2, shown, static (span, text) =>
        {
            span[0] = span[^1] = '\'';
            for (var i = 0; i < text.Length; i++)
            {
                span[i + 1] = text[i] is >= ' ' and <= '~' ? text[i] : '?';
            }
        });
    }
}
