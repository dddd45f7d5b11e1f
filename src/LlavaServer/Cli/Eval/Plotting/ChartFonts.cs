using LlavaServer.Cli.Client;
using SkiaSharp;

namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>Finds a font for drawn text: that of the system's font service, else a usual file in the usual folders (SkiaSharp without fontconfig knows none).</summary>
internal static class ChartFonts
{
    private static readonly (string Regular, string Bold)[] s_files =
    [
        ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"), ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"), ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
        ("FreeSans.ttf", "FreeSansBold.ttf"), ("Arial.ttf", "Arial Bold.ttf"), ("arial.ttf", "arialbd.ttf"),
    ];

    /// <exception cref="VerbException">The machine has no font.</exception>
    public static (SKTypeface Regular, SKTypeface Bold) Load()
    {
        foreach (var family in (string[])["Segoe UI", "Helvetica", "DejaVu Sans"])
        {
            if (SKFontManager.Default.MatchFamily(family) is { } regular && HasLetters(regular))
            {
                return (regular, SKFontManager.Default.MatchFamily(family, SKFontStyle.Bold) ?? regular);
            }
        }

        var files = Files();
        foreach (var (regular, bold) in s_files)
        {
            if (files.TryGetValue(regular, out var path) && SKTypeface.FromFile(path) is { } face)
            {
                return (face, (files.TryGetValue(bold, out var boldPath) ? SKTypeface.FromFile(boldPath) : null) ?? SKTypeface.FromFile(path));
            }
        }

        throw new VerbException(ExitCodes.Failed, "--radar: this machine has no font for PNG (for example fonts-dejavu-core); SVG needs none.");
    }

    private static bool HasLetters(SKTypeface face)
    {
        using var font = new SKFont(face);
        return font.ContainsGlyph('A');
    }

    private static Dictionary<string, string> Files()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] folders = ["/usr/share/fonts", "/usr/local/share/fonts", Path.Combine(home, ".fonts"), Path.Combine(home, ".local", "share", "fonts")];
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", options)))
        {
            files.TryAdd(Path.GetFileName(file), file);
        }

        return files;
    }
}
