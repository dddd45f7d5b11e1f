using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Typefaces from a folder of TTF files; symbol and hairline faces are left out. Typefaces are shared and never disposed.</summary>
public sealed class FontShelf
{
    private static readonly string[] Unwanted = ["ExtraLight", "MathTeX", "Wingding", "Symbol"];
    private readonly SKTypeface[] _typefaces;

    public FontShelf(string folder)
    {
        _typefaces = [.. Directory.EnumerateFiles(folder, "*.ttf", SearchOption.AllDirectories)
            .Where(f => !Array.Exists(Unwanted, u => f.Contains(u, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal)
            .Select(f => SKTypeface.FromFile(f))
            .Where(t => t is not null)];
        if (_typefaces.Length == 0)
        {
            throw new DirectoryNotFoundException($"no TTF files in '{folder}' (give --fonts)");
        }
    }

    public SKTypeface Pick(Random random) => _typefaces[random.Next(_typefaces.Length)];
}
