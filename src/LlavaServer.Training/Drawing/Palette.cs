using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>Shades of each named colour: a mix of two typical shades and a little jitter, so that borders between names stay clear.</summary>
public static class Palette
{
    private static readonly uint[][] Shades =
    [
        [0xFF0000, 0xE6194B, 0xDC143C, 0xE03030, 0xF01818, 0xD00000, 0xE53935, 0xC8102E],
        [0xFFA500, 0xFF8C00, 0xFF7F00, 0xF58231, 0xFB8C00, 0xFF9500],
        [0xFFFF00, 0xFFE119, 0xFFD700, 0xFFEB3B, 0xF5E020, 0xFFF033],
        [0x008000, 0x00FF00, 0x3CB44B, 0x228B22, 0x2E9E3A, 0x32CD32, 0x00A040, 0x43A047, 0x006400],
        [0x0000FF, 0x1E40E0, 0x0000CD, 0x1E88E5, 0x2060D0, 0x4169E1, 0x003CB4, 0x1E90FF],
        [0x800080, 0x911EB4, 0x8A2BE2, 0x6A0DAD, 0x9C27B0, 0x7B1FA2, 0x9932CC],
        [0xFFC0CB, 0xFF69B4, 0xFF85C0, 0xFFA0C0, 0xF48FB1, 0xFF8FC8],
        [0x8B4513, 0xA0522D, 0x964B00, 0x7B3F00, 0x6D4C41, 0x8D5524, 0x9A5B2C, 0xA52A2A],
        [0x000000, 0x101010, 0x1A1A1A, 0x0A0A12, 0x202020],
        [0xFFFFFF, 0xF8F8F8, 0xFAFAFA, 0xF2F2F2],
        [0x808080, 0x909090, 0x777777, 0xA0A0A0, 0xA9A9A9, 0x6E6E6E, 0x999999],
        [0x00FFFF, 0x00E0F0, 0x42D4F4, 0x00CED1, 0x26C6DA, 0x30E0E0],
    ];

    private static readonly uint[] Plain =
    [
        0xFFFFFF, 0xFFFFFF, 0xFFFFFF, 0xFFFFFF, 0xF5F5F5, 0xEEEEEE, 0xFAF0E6, 0xF5F5DC, 0xE0F0FF, 0xE8FFE8, 0xFFF0F5, 0xD3D3D3, 0xFFFACD,
        0x000000, 0x202020, 0x303040, 0x101830, 0x402020, 0x204020, 0xC0C0C0, 0x808080, 0xADD8E6, 0x90C8A0, 0xD2B48C, 0xC8A0D8, 0x305080,
    ];

    public static SKColor Shade(ShapeColor color, Random random)
    {
        var shades = Shades[(int)color];
        SKColor a = new(shades[random.Next(shades.Length)]), b = new(shades[random.Next(shades.Length)]);
        var jitter = color is ShapeColor.Black or ShapeColor.White or ShapeColor.Gray ? 3 : 8;
        return Jitter(Mix(a, b, random.NextSingle() < 0.5f ? 0 : random.NextSingle()), jitter, random);
    }

    public static SKColor Background(Random random) => random.Next(100) switch
    {
        < 70 => Jitter(new SKColor(Plain[random.Next(Plain.Length)]), random.Next(2) * 6, random),
        < 90 => Mix(new SKColor((uint)random.Next(0x1000000)), SKColors.White, 0.5f + (random.NextSingle() * 0.4f)),
        _ => Mix(new SKColor((uint)random.Next(0x1000000)), SKColors.Black, 0.4f + (random.NextSingle() * 0.4f)),
    };

    public static SKColor Mix(SKColor a, SKColor b, float t) => new(
        (byte)(a.Red + ((b.Red - a.Red) * t)), (byte)(a.Green + ((b.Green - a.Green) * t)), (byte)(a.Blue + ((b.Blue - a.Blue) * t)));

    /// <summary>Distance of two colours in RGB levels, weighted as the eye weighs them (compuphase "redmean").</summary>
    public static double Distance(SKColor a, SKColor b)
    {
        double mean = (a.Red + b.Red) / 2.0, r = a.Red - b.Red, g = a.Green - b.Green, u = a.Blue - b.Blue;
        return Math.Sqrt(((2 + (mean / 256)) * r * r) + (4 * g * g) + ((2 + ((255 - mean) / 256)) * u * u));
    }

    private static SKColor Jitter(SKColor c, int range, Random random) => new(
        Clamp(c.Red + random.Next(-range, range + 1)), Clamp(c.Green + random.Next(-range, range + 1)), Clamp(c.Blue + random.Next(-range, range + 1)));

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
