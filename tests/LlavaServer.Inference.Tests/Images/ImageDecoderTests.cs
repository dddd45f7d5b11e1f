using System.Buffers.Binary;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Options;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Images;

/// <summary>Pictures that are good, and what is refused before and by decoding.</summary>
public sealed class ImageDecoderTests : IDisposable
{
    private readonly ImageDecoder _decoder = new(Options.Create(new InferenceOptions()), TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _decoder.Dispose();

    public static TheoryData<string> Formats => ["png", "jpeg", "webp", "gif", "bmp"];

    internal static byte[] Sample(string format) => format switch
    {
        "png" => TestImages.Png(7, 5, new SKColor(200, 30, 40)),
        "jpeg" => TestImages.Encode(TestImages.Solid(7, 5, new SKColor(200, 30, 40)), SKEncodedImageFormat.Jpeg),
        "webp" => TestImages.Encode(TestImages.Solid(7, 5, new SKColor(200, 30, 40)), SKEncodedImageFormat.Webp),
        "gif" => TestImages.Gif(7, 5, new SKColor(200, 30, 40), SKColors.Blue),
        "bmp" => TestImages.Bmp(7, 5, 200, 30, 40),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task DecodeAsync_EveryFormat_GivesItsPixels(string format)
    {
        using var picture = await _decoder.DecodeAsync(Sample(format), "p", Token);
        var pixels = picture.Pixels!;
        Assert.Equal((7, 5), (pixels.Width, pixels.Height));
        for (var i = 0; i < pixels.Pixels.Length; i += 3)
        {
            Assert.InRange(pixels.Pixels[i], 192, 208);
            Assert.InRange(pixels.Pixels[i + 1], 22, 38);
            Assert.InRange(pixels.Pixels[i + 2], 32, 48);
        }
    }

    [Fact]
    public async Task DecodeAsync_TopDownBmp_IsTheSamePicture()
    {
        using var up = await _decoder.DecodeAsync(TestImages.Bmp(9, 3, 1, 2, 3), "p", Token);
        using var down = await _decoder.DecodeAsync(TestImages.Bmp(9, 3, 1, 2, 3, topDown: true), "p", Token);
        Assert.Equal(up.Hash, down.Hash);
    }

    [Fact]
    public async Task DecodeAsync_Transparency_LiesOverWhite()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(4, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.SetPixel(0, 0, new SKColor(10, 20, 30, 0));
        bitmap.SetPixel(1, 0, new SKColor(10, 20, 30, 255));
        bitmap.SetPixel(2, 0, new SKColor(0, 0, 0, 128));
        bitmap.SetPixel(3, 0, new SKColor(100, 0, 255, 51));
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        using var picture = await _decoder.DecodeAsync(data.ToArray(), "p", Token);
        Assert.Equal([255, 255, 255, 10, 20, 30, 127, 127, 127, 224, 204, 255], picture.Pixels!.Pixels.ToArray());
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    [InlineData("webp-lossless")]
    [InlineData("webp-extended")]
    [InlineData("gif")]
    [InlineData("bmp")]
    public void IMG1_HugeHeaderTinyFile_Refused(string format)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        (long Side, ImageError? Error)[] sides =
        [
            (16384, null), (16385, ImageError.TooLarge), (65535, ImageError.TooLarge), (65536, ImageError.TooLarge), (int.MaxValue, ImageError.TooLarge),
            (uint.MaxValue, ImageError.TooLarge), (0, ImageError.TooSmall),
        ];
        foreach (var (side, error) in sides)
        {
            foreach (var (width, height) in new[] { (side, 1L), (1L, side) })
            {
                if (Header(format, width, height) is not { } file)
                {
                    continue;
                }

                if (error is null)
                {
                    Assert.Equal((width, height), (_decoder.Check(file, "p").Width, _decoder.Check(file, "p").Height));
                }
                else
                {
                    var refusal = Assert.Throws<InferenceException>(() => _decoder.Check(file, "p"));
                    Assert.Equal(InferenceError.InvalidImage, refusal.Error);
                    Assert.Equal(error, refusal.ImageError);
                    Assert.Equal("p", refusal.Parameter);
                    Assert.True(error != ImageError.TooLarge || refusal.Message.Contains("Limits:ImageSide", StringComparison.Ordinal));
                }
            }
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Theory]
    [InlineData(10_000, 5_000, null)]
    [InlineData(10_000, 5_001, ImageError.TooLarge)]
    [InlineData(16_384, 16_384, ImageError.TooLarge)]
    public void IMG1_Pixels_AreBoundedByTheirProduct(long width, long height, ImageError? error)
    {
        var file = Header("png", width, height)!;
        Assert.Equal(error, Record.Exception(() => _decoder.Check(file, "p")) is InferenceException refusal ? refusal.ImageError : null);
    }

    [Fact]
    public void IMG1_NegativeBmpSides_AreChecked()
    {
        var file = Header("bmp", 10, 10)!;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), int.MinValue);
        Assert.Equal(ImageError.TooLarge, Assert.Throws<InferenceException>(() => _decoder.Check(file, "p")).ImageError);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), -5);
        Assert.Equal(ImageError.ParseError, Assert.Throws<InferenceException>(() => _decoder.Check(file, "p")).ImageError);
    }

    [Fact]
    public void Check_EmptyAndTooManyBytes_AreRefused()
    {
        Assert.Equal(ImageError.Empty, Assert.Throws<InferenceException>(() => _decoder.Check([], "p")).ImageError);
        var file = new byte[(20 << 20) + 1];
        Sample("png").CopyTo(file, 0);
        var refusal = Assert.Throws<InferenceException>(() => _decoder.Check(file, "p"));
        Assert.Equal(ImageError.FileTooLarge, refusal.ImageError);
        Assert.Contains("Limits:ImageBytes", refusal.Message);
        Assert.Equal(7, _decoder.Check(file.AsSpan(0, 20 << 20), "p").Width);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task IMG8_TinyAndExtremeShapes_AreServed(string format)
    {
        foreach (var (width, height) in new[] { (1, 1), (1, 2), (2, 1), (1, 40), (40, 1), (3, 3), (1, 4000), (4000, 1) })
        {
            var file = format switch
            {
                "gif" => TestImages.Gif(width, height, SKColors.Red),
                "bmp" => TestImages.Bmp(width, height, 255, 0, 0),
                _ => TestImages.Encode(
                    TestImages.Solid(width, height, SKColors.Red), Enum.Parse<SKEncodedImageFormat>(format, ignoreCase: true)),
            };
            using var picture = await _decoder.DecodeAsync(file, "p", Token);
            Assert.Equal((width, height), (picture.Pixels!.Width, picture.Pixels.Height));
        }
    }

    [Fact]
    public async Task IMG10_ContentHash_CoversSizeAndPixels()
    {
        using var wide = await _decoder.DecodeAsync(TestImages.Png(100, 30, SKColors.Red), "p", Token);
        using var tall = await _decoder.DecodeAsync(TestImages.Png(30, 100, SKColors.Red), "p", Token);
        using var other = await _decoder.DecodeAsync(TestImages.Png(100, 30, new SKColor(254, 0, 0)), "p", Token);
        using var bmp = await _decoder.DecodeAsync(TestImages.Bmp(100, 30, 255, 0, 0), "p", Token);
        Assert.Equal(3, new[] { wide.Hash, tall.Hash, other.Hash }.Distinct().Count());
        Assert.Equal(wide.Hash, bmp.Hash);
    }

    private static byte[]? Header(string format, long width, long height)
    {
        byte[] file;
        switch (format)
        {
            case "png":
                file = [0x89, .. "PNG\r\n"u8, 26, 10, 0, 0, 0, 13, .. "IHDR"u8, .. new byte[8], 8, 2, 0, 0, 0, .. new byte[12]];
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(16), (uint)width);
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(20), (uint)height);
                return file;
            case "jpeg" when width <= ushort.MaxValue && height <= ushort.MaxValue:
                return [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, 0xC0, 0, 11, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0, 0xFF, 0xD9];
            case "gif" when width <= ushort.MaxValue && height <= ushort.MaxValue:
                return [.. "GIF89a"u8, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0, 0, 0, 0x3B];
            case "webp" when width < 1 << 14 && height < 1 << 14:
                return [.. "RIFF"u8, 30, 0, 0, 0, .. "WEBPVP8 "u8, 20, 0, 0, 0, 0, 0, 0, 0x9D, 1, 0x2A, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0, 0];
            case "webp-lossless" when width is > 0 and <= 1 << 14 && height is > 0 and <= 1 << 14:
                var bits = (uint)(width - 1) | ((uint)(height - 1) << 14);
                return [.. "RIFF"u8, 30, 0, 0, 0, .. "WEBPVP8L"u8, 20, 0, 0, 0, 0x2F, (byte)bits, (byte)(bits >> 8), (byte)(bits >> 16), (byte)(bits >> 24), .. new byte[8]];
            case "webp-extended" when width is > 0 and <= 1 << 24 && height is > 0 and <= 1 << 24:
                var (w, h) = (width - 1, height - 1);
                return [.. "RIFF"u8, 30, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 0, 0, 0, 0, (byte)w, (byte)(w >> 8), (byte)(w >> 16), (byte)h, (byte)(h >> 8), (byte)(h >> 16), .. new byte[4]];
            case "bmp" when width <= int.MaxValue && height <= int.MaxValue:
                file = TestImages.Bmp(1, 1, 0, 0, 0);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), (int)width);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), (int)height);
                return file;
            default:
                return null;
        }
    }
}
