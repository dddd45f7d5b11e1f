using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Outlines of the shapes around a centre; proportions and rotation vary within what people still call by the same name.</summary>
public static class ShapeOutline
{
    /// <summary>The closed path around the origin of a shape whose larger extent is twice <paramref name="r"/>, to be turned by <paramref name="tilt"/> degrees.</summary>
    public static SKPath Create(ShapeKind shape, float r, Random random, out float tilt)
    {
        using var builder = new SKPathBuilder();
        tilt = random.Next(3) == 0 ? (random.NextSingle() * 24) - 12 : 0;
        switch (shape)
        {
            case ShapeKind.Circle:
                builder.AddCircle(0, 0, r);
                break;
            case ShapeKind.Square:
                r *= 0.92f;
                builder.AddRect(new SKRect(-r, -r, r, r));
                break;
            case ShapeKind.Triangle:
                tilt += random.Next(6) == 0 ? 180 : 0;
                var half = r * (0.85f + (random.NextSingle() * 0.15f));
                Polygon(builder, [0, -r, half, r * 0.85f, -half, r * 0.85f]);
                break;
            case ShapeKind.Diamond:
                tilt /= 3;
                var wide = r * (0.6f + (random.NextSingle() * 0.35f));
                Polygon(builder, [0, -r, wide, 0, 0, r, -wide, 0]);
                break;
            case ShapeKind.Star:
                Star(builder, r, 0.36f + (random.NextSingle() * 0.14f));
                break;
            case ShapeKind.Heart:
                Heart(builder, r);
                break;
            case ShapeKind.Cross:
                tilt += random.Next(8) == 0 ? 45 : 0;
                Cross(builder, r, r * (0.2f + (random.NextSingle() * 0.16f)));
                break;
            default:
                tilt += random.Next(2) * 180;
                Crescent(builder, r, 0.35f + (random.NextSingle() * 0.2f));
                break;
        }

        return builder.Detach();
    }

    private static void Polygon(SKPathBuilder builder, ReadOnlySpan<float> points)
    {
        builder.MoveTo(points[0], points[1]);
        for (var i = 2; i < points.Length; i += 2)
        {
            builder.LineTo(points[i], points[i + 1]);
        }

        builder.Close();
    }

    private static void Star(SKPathBuilder builder, float r, float inner)
    {
        Span<float> points = stackalloc float[20];
        for (var i = 0; i < 10; i++)
        {
            var radius = i % 2 == 0 ? r : r * inner;
            var (sin, cos) = MathF.SinCos((MathF.PI * i / 5) - (MathF.PI / 2));
            points[2 * i] = radius * cos;
            points[(2 * i) + 1] = radius * sin;
        }

        Polygon(builder, points);
    }

    private static void Heart(SKPathBuilder builder, float r)
    {
        builder.MoveTo(0, r * 0.95f);
        builder.CubicTo(-r * 1.3f, r * 0.1f, -r * 1.05f, -r * 0.95f, -r * 0.5f, -r * 0.9f);
        builder.CubicTo(-r * 0.2f, -r * 0.88f, 0, -r * 0.65f, 0, -r * 0.42f);
        builder.CubicTo(0, -r * 0.65f, r * 0.2f, -r * 0.88f, r * 0.5f, -r * 0.9f);
        builder.CubicTo(r * 1.05f, -r * 0.95f, r * 1.3f, r * 0.1f, 0, r * 0.95f);
        builder.Close();
    }

    private static void Cross(SKPathBuilder builder, float r, float arm) =>
        Polygon(builder, [-arm, -r, arm, -r, arm, -arm, r, -arm, r, arm, arm, arm, arm, r, -arm, r, -arm, arm, -r, arm, -r, -arm, -arm, -arm]);

    private static void Crescent(SKPathBuilder builder, float r, float shift)
    {
        using var outer = new SKPathBuilder();
        outer.AddCircle(0, 0, r);
        using var bite = new SKPathBuilder();
        bite.AddCircle(r * shift, 0, r * 0.85f);
        using SKPath a = outer.Detach(), b = bite.Detach();
        using var moon = a.Op(b, SKPathOp.Difference);
        builder.AddPath(moon);
    }
}
