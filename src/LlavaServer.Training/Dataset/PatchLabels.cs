using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Dataset;

/// <summary>
/// What each patch of the model's picture shows, known because the project draws its pictures: auxiliary targets of the tower.
/// Arrays are [rows]; -1 means "not counted here".
/// </summary>
public sealed class PatchLabels
{
    public const int Shapes = 14;
    public const int Colors = 12;
    public const int Words = 25;
    public const int Digits = 11;

    /// <summary>Widths of the label heads in order: shape (12 places, text, none), colour, size, fill, centre, offset, word, three digits.</summary>
    public static int Outputs => Shapes + Colors + 2 + 2 + 2 + 2 + Words + (3 * Digits);

    public required long[] Shape { get; init; }
    public required long[] Color { get; init; }
    public required long[] Size { get; init; }
    public required long[] Fill { get; init; }
    public required long[] Centre { get; init; }

    /// <summary>Offset to the item's centre in halves of the picture, [rows x 2], with <see cref="HasOffset"/> 1 where it counts.</summary>
    public required float[] Offset { get; init; }
    public required float[] HasOffset { get; init; }
    public required long[] Word { get; init; }

    /// <summary>Digits of a number from the left, [3 x rows]; 10 for none.</summary>
    public required long[] Digit { get; init; }

    public static PatchLabels Of(Scene scene, int grid)
    {
        var rows = grid * grid;
        var labels = new PatchLabels
        {
            Shape = Filled(rows, Shapes - 1),
            Color = Filled(rows, -1),
            Size = Filled(rows, -1),
            Fill = Filled(rows, -1),
            Centre = Filled(rows, 0),
            Offset = new float[rows * 2],
            HasOffset = new float[rows],
            Word = Filled(rows, -1),
            Digit = Filled(rows * 3, -1),
        };
        float side = Math.Max(scene.Width, scene.Height), left = (side - scene.Width) / 2, top = (side - scene.Height) / 2;
        foreach (var item in scene.Items)
        {
            float x = (item.X + left) / side * grid, y = (item.Y + top) / side * grid, r = item.Radius / side * grid;
            var tall = item.IsText ? r / (item.Text!.Length * 0.36f) * 0.5f : r;
            var middle = (Math.Clamp((int)y, 0, grid - 1) * grid) + Math.Clamp((int)x, 0, grid - 1);
            for (var p = 0; p < rows; p++)
            {
                float dx = (p % grid) + 0.5f - x, dy = (p / grid) + 0.5f - y;
                var inside = item.IsText ? Math.Abs(dx) < r && Math.Abs(dy) < Math.Max(tall, 0.5f) : (dx * dx) + (dy * dy) < r * r * 0.8f;
                if (inside || p == middle)
                {
                    labels.Set(p, item, rows, dx / grid * 2, dy / grid * 2);
                }
            }

            labels.Centre[middle] = 1;
        }

        return labels;
    }

    private void Set(int p, SceneItem item, int rows, float dx, float dy)
    {
        Shape[p] = item.IsText ? Shapes - 2 : (int)item.Shape;
        Color[p] = (int)item.Color;
        Size[p] = item.IsText ? -1 : item.Large ? 1 : 0;
        Fill[p] = item.IsText ? -1 : item.Outlined ? 1 : 0;
        Offset[p * 2] = dx;
        Offset[(p * 2) + 1] = dy;
        HasOffset[p] = 1;
        if (!item.IsText)
        {
            return;
        }

        var number = char.IsDigit(item.Text![0]);
        Word[p] = number ? Words - 1 : IndexOf(item.Text);
        for (var d = 0; d < 3 && number; d++)
        {
            Digit[(d * rows) + p] = d < item.Text.Length ? item.Text[d] - '0' : 10;
        }
    }

    private static int IndexOf(string word)
    {
        for (var i = 0; i < Lexicon.Words.Count; i++)
        {
            if (Lexicon.Words[i] == word)
            {
                return i;
            }
        }

        throw new ArgumentException($"'{word}' is not in the lexicon", nameof(word));
    }

    private static long[] Filled(int length, long value)
    {
        var array = new long[length];
        Array.Fill(array, value);
        return array;
    }
}
