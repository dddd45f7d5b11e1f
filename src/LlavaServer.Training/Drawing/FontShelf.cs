using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Typefaces from a folder of TTF files; slanted, symbol and hairline faces are left out. Typefaces are shared and never disposed.</summary>
public sealed class FontShelf
{
    private static readonly string[] Unwanted = ["ExtraLight", "MathTeX", "Wingding", "Symbol", "Oblique", "Italic"];
    private readonly SKTypeface[] _typefaces;

    /// <summary>Reads the folder; where it has no typefaces, <paramref name="orDefault"/> takes the library's own one instead of failing.</summary>
    public FontShelf(string folder, bool orDefault = false)
    {
        if (orDefault && !Directory.Exists(folder))
        {
            _typefaces = [SKTypeface.Default];
            return;
        }

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
