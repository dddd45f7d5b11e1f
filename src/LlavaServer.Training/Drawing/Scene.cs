using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>What a picture shows, in exact terms; everything asked about a picture is derived from this.</summary>
public sealed record Scene
{
    public required int Width { get; init; }
    public required int Height { get; init; }
    public required SKColor BackgroundFrom { get; init; }
    public required SKColor BackgroundTo { get; init; }

    /// <summary>Strength of the background's noise in levels; 0 for none.</summary>
    public required int Noise { get; init; }
    public required bool Antialias { get; init; }

    /// <summary>Quality of a JPEG round trip; 0 for none.</summary>
    public required int JpegQuality { get; init; }

    /// <summary>Seed of what the painter still chooses: rotation, proportions, stroke width, typeface.</summary>
    public required int PaintSeed { get; init; }

    /// <summary>All items in reading order: by row, then from left to right.</summary>
    public required IReadOnlyList<SceneItem> Items { get; init; }

    public IEnumerable<SceneItem> Shapes => Items.Where(i => !i.IsText);

    public SceneItem? Text => Items.FirstOrDefault(i => i.IsText);

    /// <summary>True when every item lies well inside one ninth of the picture that it shares with no other.</summary>
    public bool HasClearPositions =>
        Items.All(i => i.Row >= 0 && i.Column >= 0) && Items.Select(i => (i.Row * 3) + i.Column).Distinct().Count() == Items.Count;
}
