using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>One drawn thing: a shape, or a word or number. Centre and radius (half of the larger extent) in pixels of the picture.</summary>
public sealed record SceneItem
{
    public ShapeKind Shape { get; init; }

    /// <summary>The drawn word in capitals or number; null for a shape.</summary>
    public string? Text { get; init; }

    /// <summary>Draws the word in small letters, although answers name it in capitals.</summary>
    public bool LowerCase { get; init; }
    public ShapeColor Color { get; init; }
    public SKColor Paint { get; init; }
    public bool Large { get; init; }
    public bool Outlined { get; init; }
    public float X { get; init; }
    public float Y { get; init; }
    public float Radius { get; init; }

    /// <summary>Band of the picture's thirds, 0 to 2 from the top and from the left; -1 when too near to a border between bands.</summary>
    public int Row { get; init; }
    public int Column { get; init; }

    public bool IsText => Text is not null;
}
