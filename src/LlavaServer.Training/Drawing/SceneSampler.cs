using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Draws scenes: sizes, backgrounds, and one to <c>maxItems</c> items that do not touch.
/// With <c>ease</c> 1 items are large, backgrounds without noise and plain; 0 is the full variety.</summary>
public sealed class SceneSampler(int maxItems, double ease = 0)
{
    private static readonly float[] Aspects = [1, 1, 1, 1, 4 / 3f, 3 / 4f, 3 / 2f, 2 / 3f, 16 / 9f, 9 / 16f, 0.6f, 1.2f, 0.85f];
    private static readonly int[] CountWeights = [26, 23, 21, 16, 14];

    public Scene Sample(Random random)
    {
        while (true)
        {
            if (TrySample(random) is { } scene)
            {
                return scene;
            }
        }
    }

    private Scene? TrySample(Random random)
    {
        var (width, height) = PictureSize(random);
        var from = Palette.Background(random);
        var to = random.Next(100) < 25 ? Palette.Background(random) : from;
        var withText = random.Next(100) < 30;
        var count = withText ? (random.Next(2) == 0 ? 0 : 1 + random.Next(Math.Min(3, maxItems))) : Count(random);
        var free = !withText && random.Next(100) < 25;
        var items = new List<SceneItem>();
        var textRow = -1;
        if (withText)
        {
            textRow = count == 0 && random.Next(2) == 0 ? 1 : random.Next(3);
            if (PlaceText(random, width, height, textRow, from, to, alone: count == 0) is not { } text)
            {
                return null;
            }

            items.Add(text);
        }

        var cells = Enumerable.Range(0, 9).Where(c => c / 3 != textRow).OrderBy(_ => random.Next()).ToArray();
        var sharedShape = random.Next(100) < 30 ? (ShapeKind?)Pick<ShapeKind>(random) : null;
        var sharedColor = random.Next(100) < 25 ? (ShapeColor?)Pick<ShapeColor>(random) : null;
        for (var i = 0; i < count; i++)
        {
            var item = new SceneItem
            {
                Shape = sharedShape is { } shape && random.Next(100) < 75 ? shape : Pick<ShapeKind>(random),
                Color = sharedColor is { } color && random.Next(100) < 70 ? color : Pick<ShapeColor>(random),
            };
            if (Place(random, item, width, height, free ? -1 : cells[i], single: count == 1 && !withText, items, from, to) is not { } placed)
            {
                return null;
            }

            items.Add(placed);
        }

        return new Scene
        {
            Width = width,
            Height = height,
            BackgroundFrom = from,
            BackgroundTo = to,
            Noise = random.Next(100) < 25 && random.NextDouble() >= ease ? random.Next(4, 20) : 0,
            Antialias = random.Next(100) < 80,
            JpegQuality = random.Next(100) < 20 && random.NextDouble() >= ease ? random.Next(40, 95) : 0,
            PaintSeed = random.Next(),
            Items = [.. items.OrderBy(i => i.Row).ThenBy(i => i.X)],
        };
    }

    private static (int Width, int Height) PictureSize(Random random)
    {
        var side = random.Next(100) < 12 ? random.Next(220, 513) : random.Next(96, 221);
        var aspect = Aspects[random.Next(Aspects.Length)];
        return aspect >= 1 ? (side, (int)(side / aspect)) : ((int)(side * aspect), side);
    }

    private int Count(Random random)
    {
        var ticket = random.Next(CountWeights.Take(maxItems).Sum());
        for (var i = 0; i < maxItems; i++)
        {
            ticket -= CountWeights[i];
            if (ticket < 0)
            {
                return i + 1;
            }
        }

        return maxItems;
    }

    private static SceneItem? PlaceText(Random random, int width, int height, int row, SKColor from, SKColor to, bool alone)
    {
        var color = Pick<ShapeColor>(random);
        var paint = Palette.Shade(color, random);
        if (Palette.Distance(paint, from) < 190 || Palette.Distance(paint, to) < 190)
        {
            return null;
        }

        var text = Lexicon.Draw(random);
        var unit = Math.Max(width, height);
        // Capitals are about 0.7 of the radius wide here; the painter scales the typeface to this box exactly.
        var letter = unit * (alone ? 0.18f + (random.NextSingle() * 0.25f) : 0.17f + (random.NextSingle() * 0.08f));
        var half = Math.Min(text.Length * letter * 0.36f, width * 0.46f);
        var boxHeight = Math.Min(half / (text.Length * 0.36f), height * 0.3f);
        if (boxHeight < unit * 0.14f)
        {
            return null;
        }

        var low = row == 0 ? 0.12f : row == 1 ? 0.42f : 0.76f;
        var y = Math.Clamp(height * (low + (random.NextSingle() * 0.12f)), (boxHeight * 0.6f) + 1, height - (boxHeight * 0.6f) - 1);
        var slack = Math.Max(0, Math.Min(width * 0.1f, (width * 0.48f) - half));
        return new SceneItem
        {
            Text = text,
            LowerCase = random.Next(100) < 25,
            Color = color,
            Paint = paint,
            X = (width * 0.5f) + ((random.NextSingle() - 0.5f) * 2 * slack),
            Y = y,
            Radius = half,
            Row = row,
            Column = 1,
            Large = boxHeight > 0.25f * unit,
        };
    }

    private SceneItem? Place(
        Random random, SceneItem item, int width, int height, int cell, bool single, List<SceneItem> others, SKColor from, SKColor to)
    {
        var unit = MathF.Sqrt(width * height);
        for (var attempt = 0; attempt < 24; attempt++)
        {
            var large = (random.Next(2) == 0 || random.NextDouble() < ease) && (attempt < 16 || single);
            var extent = large
                ? 0.32f + (random.NextSingle() * (single ? 0.42f : 0.12f))
                : 0.18f + (random.NextSingle() * 0.065f);
            var radius = Math.Min(extent * unit / 2, (Math.Min(width, height) / 2f) - 3);
            var paint = Palette.Shade(item.Color, random);
            if (Palette.Distance(paint, from) < 130 || Palette.Distance(paint, to) < 130)
            {
                continue;
            }

            float x, y;
            if (cell < 0)
            {
                x = radius + 2 + (random.NextSingle() * (width - (2 * radius) - 4));
                y = radius + 2 + (random.NextSingle() * (height - (2 * radius) - 4));
            }
            else if (!Band(random, cell % 3, width, radius, out x) || !Band(random, cell / 3, height, radius, out y))
            {
                continue;
            }

            if (others.Exists(o => Overlaps(o, x, y, radius)))
            {
                continue;
            }

            return item with
            {
                Paint = paint,
                Large = large,
                Outlined = random.Next(100) < 27,
                X = x,
                Y = y,
                Radius = radius,
                Column = BandOf(x / width),
                Row = BandOf(y / height),
            };
        }

        return null;
    }

    private static bool Overlaps(SceneItem other, float x, float y, float radius)
    {
        if (other.IsText)
        {
            return Math.Abs(other.Y - y) < radius + (other.Radius / other.Text!.Length * 1.5f);
        }

        float dx = other.X - x, dy = other.Y - y;
        var apart = (other.Radius + radius) * 1.06f;
        return (dx * dx) + (dy * dy) < apart * apart;
    }

    private static bool Band(Random random, int band, int length, float radius, out float at)
    {
        var low = Math.Max(band switch { 0 => 0.08f, 1 => 0.41f, _ => 0.72f } * length, radius + 2);
        var high = Math.Min(band switch { 0 => 0.28f, 1 => 0.59f, _ => 0.92f } * length, length - radius - 2);
        at = low + (random.NextSingle() * (high - low));
        return high >= low;
    }

    private static int BandOf(float at) => at switch { < 0.295f => 0, > 0.385f and < 0.615f => 1, > 0.705f => 2, _ => -1 };

    private static T Pick<T>(Random random) where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        return values[random.Next(values.Length)];
    }
}
