using System.Buffers.Binary;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>Small pictures in every format that is read.</summary>
internal static class TestImages
{
    public static byte[] Png(int width, int height, SKColor color) => Encode(Solid(width, height, color), SKEncodedImageFormat.Png);

    public static byte[] Encode(SKBitmap bitmap, SKEncodedImageFormat format)
    {
        using var own = bitmap;
        using var data = own.Encode(format, 90);
        return data.ToArray();
    }

    public static SKBitmap Solid(int width, int height, SKColor color)
    {
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.Erase(color);
        return bitmap;
    }

    /// <summary>Every pixel another colour, so that a wrong turn shows.</summary>
    public static SKBitmap Gradient(int width, int height)
    {
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 255 / width), (byte)(y * 255 / height), (byte)((x + y) % 2 * 200)));
            }
        }

        return bitmap;
    }

    public static byte[] Bmp(int width, int height, byte red, byte green, byte blue, bool topDown = false)
    {
        var stride = ((width * 3) + 3) / 4 * 4;
        var file = new byte[54 + (stride * height)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), topDown ? -height : height);
        file[26] = 1;
        file[28] = 24;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var pixel = file.AsSpan(54 + (y * stride) + (x * 3));
                (pixel[0], pixel[1], pixel[2]) = (blue, green, red);
            }
        }

        return file;
    }

    /// <summary>A GIF of frames of one colour each, uncompressed codes (a clear code before every pixel pair keeps the code size).</summary>
    public static byte[] Gif(int width, int height, params SKColor[] frames)
    {
        var file = new List<byte>("GIF89a"u8.ToArray());
        file.AddRange([(byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0x80 | 1, 0, 0]);
        for (var i = 0; i < 4; i++)
        {
            var color = i < frames.Length ? frames[i] : SKColors.Black;
            file.AddRange([color.Red, color.Green, color.Blue]);
        }

        for (var frame = 0; frame < frames.Length; frame++)
        {
            file.AddRange([0x21, 0xF9, 4, 0, 10, 0, 0, 0]);
            file.AddRange([0x2C, 0, 0, 0, 0, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0, 2]);
            var codes = Codes(width * height, (byte)(frame % 4));
            for (var start = 0; start < codes.Length; start += 255)
            {
                var block = codes.AsSpan(start, Math.Min(255, codes.Length - start));
                file.Add((byte)block.Length);
                file.AddRange(block);
            }

            file.Add(0);
        }

        file.Add(0x3B);
        return [.. file];
    }

    // Three bits a code: clear (4), pixel, pixel, clear, ..., end (5).
    private static byte[] Codes(int pixels, byte color)
    {
        var codes = new List<int>();
        for (var i = 0; i < pixels; i++)
        {
            if (i % 2 == 0)
            {
                codes.Add(4);
            }

            codes.Add(color);
        }

        codes.Add(5);
        var bytes = new byte[((codes.Count * 3) + 7) / 8];
        for (var i = 0; i < codes.Count; i++)
        {
            for (var bit = 0; bit < 3; bit++)
            {
                var at = (i * 3) + bit;
                bytes[at / 8] |= (byte)(((codes[i] >> bit) & 1) << (at % 8));
            }
        }

        return bytes;
    }
}
