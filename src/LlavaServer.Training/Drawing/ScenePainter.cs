using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Paints scenes with SkiaSharp, opaque, in RGBA. One painter per thread.</summary>
public sealed class ScenePainter(FontShelf fonts)
{
    /// <summary>The picture of a scene; the caller disposes it. The same scene gives the same pixels.</summary>
    public SKBitmap Paint(Scene scene)
    {
        var random = new Random(scene.PaintSeed);
        var bitmap = new SKBitmap(new SKImageInfo(scene.Width, scene.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(bitmap))
        {
            PaintBackground(canvas, scene, random);
        }

        if (scene.Noise > 0)
        {
            AddNoise(bitmap, scene.Noise, (uint)random.Next(1, int.MaxValue));
        }

        using (var canvas = new SKCanvas(bitmap))
        {
            foreach (var item in scene.Items)
            {
                PaintItem(canvas, item, scene, random);
            }
        }

        return scene.JpegQuality > 0 ? ThroughJpeg(bitmap, scene.JpegQuality) : bitmap;
    }

    private static void PaintBackground(SKCanvas canvas, Scene scene, Random random)
    {
        canvas.Clear(scene.BackgroundFrom);
        if (scene.BackgroundFrom == scene.BackgroundTo)
        {
            return;
        }

        var end = random.Next(3) switch
        {
            0 => new SKPoint(scene.Width, 0),
            1 => new SKPoint(0, scene.Height),
            _ => new SKPoint(scene.Width, scene.Height),
        };
        using var shader = SKShader.CreateLinearGradient(SKPoint.Empty, end, [scene.BackgroundFrom, scene.BackgroundTo], SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader };
        canvas.DrawRect(0, 0, scene.Width, scene.Height, paint);
    }

    private void PaintItem(SKCanvas canvas, SceneItem item, Scene scene, Random random)
    {
        using var paint = new SKPaint { Color = item.Paint, IsAntialias = scene.Antialias };
        if (item.IsText)
        {
            PaintText(canvas, item, paint, random);
            return;
        }

        var radius = item.Radius;
        if (item.Outlined)
        {
            // Never thinner than what one pixel of the model's picture shows.
            var least = Math.Max(scene.Width, scene.Height) / 112f * 1.5f;
            var stroke = Math.Max(radius * (0.08f + (random.NextSingle() * 0.16f)), least);
            paint.Style = SKPaintStyle.Stroke;
            paint.StrokeWidth = stroke;
            radius -= stroke / 2;
        }

        using var path = ShapeOutline.Create(item.Shape, radius, random, out var tilt);
        canvas.Save();
        canvas.Translate(item.X, item.Y);
        canvas.RotateDegrees(tilt);
        canvas.DrawPath(path, paint);
        canvas.Restore();
    }

    private void PaintText(SKCanvas canvas, SceneItem item, SKPaint paint, Random random)
    {
        var text = item.LowerCase ? item.Text!.ToLowerInvariant() : item.Text!;
        using var font = new SKFont(fonts.Pick(random), 100) { Edging = paint.IsAntialias ? SKFontEdging.Antialias : SKFontEdging.Alias };
        font.MeasureText(text, out var box);
        var boxHeight = item.Radius / (text.Length * 0.36f);
        var scale = Math.Min(2 * item.Radius / box.Width, boxHeight / Math.Max(box.Height, 50));
        font.Size = 100 * scale;
        font.MeasureText(text, out box);
        canvas.DrawText(text, item.X - box.MidX, item.Y - box.MidY, SKTextAlign.Left, font, paint);
    }

    private static unsafe void AddNoise(SKBitmap bitmap, int strength, uint state)
    {
        var pixels = (byte*)bitmap.GetPixels();
        for (var i = 0; i < bitmap.Width * bitmap.Height; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            var bits = state;
            for (var c = 0; c < 3; c++, bits >>= 10)
            {
                var shift = ((int)(bits & 1023) * 2 * strength / 1023) - strength;
                pixels[(i * 4) + c] = (byte)Math.Clamp(pixels[(i * 4) + c] + shift, 0, 255);
            }
        }
    }

    private static SKBitmap ThroughJpeg(SKBitmap bitmap, int quality)
    {
        using (bitmap)
        using (var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality))
        {
            return SKBitmap.Decode(data, new SKImageInfo(bitmap.Width, bitmap.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        }
    }
}
