using System.Buffers.Binary;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Options;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Images;

/// <summary>EXIF orientation: the eight values, odd ones, and directories made to trap a reader.</summary>
public sealed class OrientationTests : IDisposable
{
    private readonly ImageDecoder _decoder = new(Options.Create(new InferenceOptions()), TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _decoder.Dispose();

    [Theory]
    [InlineData(1, "ab/cd/ef")]
    [InlineData(2, "ba/dc/fe")]
    [InlineData(3, "fe/dc/ba")]
    [InlineData(4, "ef/cd/ab")]
    [InlineData(5, "ace/bdf")]
    [InlineData(6, "eca/fdb")]
    [InlineData(7, "fdb/eca")]
    [InlineData(8, "bdf/ace")]
    [InlineData(0, "ab/cd/ef")]
    [InlineData(9, "ab/cd/ef")]
    public void IMG9_Apply_TurnsAsExifSays(int orientation, string expected)
    {
        var stored = "abcdef".SelectMany(c => new byte[] { (byte)c, 0, 0, 255 }).ToArray();
        var image = Orientation.Apply(stored, 2, 3, orientation);
        var rows = Enumerable.Range(0, image.Height).Select(y => new string([.. Enumerable.Range(0, image.Width).Select(x => Red(image, x, y))]));
        Assert.Equal(expected, string.Join('/', rows));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task IMG9_JpegWithOrientation_IsUpright(int orientation)
    {
        // Left half red, right half blue, top edge darker: every turn lands elsewhere.
        using var bitmap = new SKBitmap(new SKImageInfo(48, 32, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var y = 0; y < 32; y++)
        {
            for (var x = 0; x < 48; x++)
            {
                var light = (byte)(y < 16 ? 120 : 240);
                bitmap.SetPixel(x, y, x < 24 ? new SKColor(light, 0, 0) : new SKColor(0, 0, light));
            }
        }

        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);
        var jpeg = data.ToArray();
        using var plain = await _decoder.DecodeAsync(jpeg, "p", Token);
        var rgba = new byte[48 * 32 * 4];
        for (var i = 0; i < 48 * 32; i++)
        {
            plain.Pixels!.Pixels.Slice(i * 3, 3).CopyTo(rgba.AsSpan(i * 4));
            rgba[(i * 4) + 3] = 255;
        }

        var expected = Orientation.Apply(rgba, 48, 32, orientation);
        using var turned = await _decoder.DecodeAsync(WithExif(jpeg, Exif(orientation, 1, 0)), "p", Token);
        Assert.Equal((expected.Width, expected.Height), (turned.Pixels!.Width, turned.Pixels.Height));
        Assert.Equal(expected.Pixels.ToArray(), turned.Pixels.Pixels.ToArray());
    }

    [Fact]
    public async Task IMG9_TrappedDirectories_AreServedUnturned()
    {
        var jpeg = TestImages.Encode(TestImages.Gradient(8, 4), SKEncodedImageFormat.Jpeg);
        byte[][] traps =
        [
            Exif(6, uint.MaxValue, 0), Exif(77, 1, 0), Exif(6, 1, 8), Exif(1, 1, uint.MaxValue), [.. "Exif\0\0"u8], [.. "Exif\0\0II*\0"u8, 255, 255, 255, 255],
            [.. "Exif\0\0MM\0*"u8, 0, 0, 0, 0],
        ];
        foreach (var trap in traps)
        {
            using var picture = await _decoder.DecodeAsync(WithExif(jpeg, trap), "p", Token);
            Assert.Equal(32, picture.Pixels!.Width * picture.Pixels.Height);
        }
    }

    private static char Red(RgbImage image, int x, int y) => (char)image.Pixels[((y * image.Width) + x) * 3];

    // One directory with one orientation entry of the given count, followed by the offset of the next directory.
    private static byte[] Exif(int orientation, uint count, uint next)
    {
        byte[] exif = [.. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, .. new byte[12]];
        BinaryPrimitives.WriteUInt32LittleEndian(exif.AsSpan(20), count);
        BinaryPrimitives.WriteUInt16LittleEndian(exif.AsSpan(24), (ushort)orientation);
        BinaryPrimitives.WriteUInt32LittleEndian(exif.AsSpan(28), next);
        return exif;
    }

    private static byte[] WithExif(byte[] jpeg, byte[] exif)
    {
        var length = exif.Length + 2;
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. exif, .. jpeg[2..]];
    }
}
