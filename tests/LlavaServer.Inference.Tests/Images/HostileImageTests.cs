using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Options;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Images;

/// <summary>Bombs, damage, disguises and mutations: every file is served or refused as a picture error, quickly, in bounded memory.</summary>
public sealed class HostileImageTests : IDisposable
{
    private readonly ImageDecoder _decoder = new(Options.Create(new InferenceOptions()), TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _decoder.Dispose();

    public static TheoryData<string> Formats => ImageDecoderTests.Formats;

    [Fact]
    public async Task IMG2_ManyLargePictures_StayWithinTheBudget()
    {
        var file = TestImages.Png(6000, 4000, SKColors.Green);
        var options = new InferenceOptions { Images = { DecodeBytes = 256L << 20, DecodeSlots = 2 } };
        using var decoder = new ImageDecoder(Options.Create(options), TimeProvider.System);
        using var done = new CancellationTokenSource();
        long peak = 0;
        var watch = Task.Run(
            async () =>
            {
                while (!done.IsCancellationRequested)
                {
                    peak = Math.Max(peak, decoder.HeldBytes.InFlight + decoder.HeldBytes.Kept);
                    await Task.Delay(1, CancellationToken.None);
                }
            },
            Token);
        var pictures = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => decoder.DecodeAsync(file, "p", Token)));
        await done.CancelAsync();
        await watch;

        Assert.Single(pictures.Select(p => p.Hash).Distinct());
        Assert.InRange(peak, 1, (256L + 64) << 20);
        Assert.True(pictures.Count(p => p.Pixels is not null) < pictures.Length, "not all pixels may be kept");
        Assert.Equal(pictures[0].Hash, ContentHash.Of(decoder.DecodeAgain(pictures.First(p => p.Pixels is null), Token)));
        Array.ForEach(pictures, p => p.Dispose());
        Assert.Equal((0, 0), decoder.HeldBytes);
    }

    [Theory]
    [InlineData("zTXt")]
    [InlineData("iCCP")]
    public async Task IMG3_InflatingMetadata_IsNotInflated(string chunk)
    {
        var bomb = Deflate(new byte[64 << 20]);
        byte[] body = [.. "name"u8, 0, 0, .. bomb];
        var png = TestImages.Png(16, 16, SKColors.Red);
        var file = png[..33].Concat(PngChunk(chunk, body)).Concat(png[33..]).ToArray();
        var watch = Stopwatch.StartNew();
        await DecodeOrRefuse(file);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task IMG3_TwoThousandFrames_FirstOneOnly()
    {
        var file = TestImages.Gif(20, 20, [.. Enumerable.Range(0, 2000).Select(i => i == 0 ? SKColors.Red : SKColors.Blue)]);
        var watch = Stopwatch.StartNew();
        using var picture = await _decoder.DecodeAsync(file, "p", Token);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal([255, 0, 0], picture.Pixels!.Pixels[..3].ToArray());
    }

    [Fact]
    public void IMG3_ThousandScansOfALargeJpeg_Refused()
    {
        byte[] header = [0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0x0F, 0xA0, 0x0F, 0xA0, 1, 1, 0x11, 0];
        byte[] scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0];
        byte[] file = [.. header, .. Enumerable.Repeat(scan, 1000).SelectMany(s => s), 0xFF, 0xD9];
        Assert.Equal(ImageError.ParseError, Assert.Throws<InferenceException>(() => _decoder.Check(file, "p")).ImageError);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task IMG4_CutAndChangedFiles_ServedOrRefused(string format)
    {
        var seed = format switch
        {
            "gif" => TestImages.Gif(24, 24, SKColors.Red),
            "bmp" => TestImages.Bmp(24, 24, 1, 2, 3),
            _ => TestImages.Encode(TestImages.Gradient(24, 24), Enum.Parse<SKEncodedImageFormat>(format, ignoreCase: true)),
        };
        for (var at = 0; at < seed.Length; at += 16)
        {
            Assert.False(await DecodeOrRefuse(seed[..at]) && at < seed.Length * 3 / 4, $"a picture cut at {at} of {seed.Length} was taken for whole");
            foreach (var change in new byte[] { 0x00, 0xFF, 0x80, 0x01 })
            {
                var changed = (byte[])seed.Clone();
                changed[at] ^= change;
                await DecodeOrRefuse(changed);
            }
        }
    }

    [Theory]
    [InlineData("SVG", "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"http://127.0.0.1:9/x.png\"/></svg>")]
    [InlineData("SVG", "\u00EF\u00BB\u00BF <?xml version=\"1.0\"?><!DOCTYPE svg><svg/>")]
    [InlineData("HTML", "<!DOCTYPE html><html></html>")]
    [InlineData("XML", "<?xml version=\"1.0\"?><a/>")]
    [InlineData("PDF", "%PDF-1.7\n")]
    [InlineData("PostScript", "%!PS-Adobe-3.0 EPSF-3.0\n")]
    [InlineData("MVG", "push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\n")]
    [InlineData("TIFF", "II*\0\u0008\0\0\0")]
    [InlineData("TIFF", "MM\0*\0\0\0\u0008")]
    [InlineData("AVIF", "\0\0\0\u0020ftypavif\0\0\0\0")]
    [InlineData("HEIC", "\0\0\0\u0020ftypheic\0\0\0\0")]
    [InlineData("MP4", "\0\0\0\u0020ftypisom\0\0\0\0")]
    [InlineData("ICO", "\0\0\u0001\0\u0001\0\u0010\u0010\0\0\u0001\0")]
    [InlineData("PSD", "8BPS\0\u0001")]
    [InlineData("ZIP", "PK\u0003\u0004")]
    [InlineData("gzip", "\u001F\u008B\u0008\0")]
    [InlineData("AVI", "RIFF\0\0\0\0AVI LIST")]
    [InlineData("RIFF", "RIFF\0\0\0\0WAVEfmt ")]
    [InlineData("JPEG XL", "\u00FF\n\0\0")]
    [InlineData("PNM", "P6\n1 1\n255\nabc")]
    [InlineData("GGUF", "GGUF\u0003\0\0\0")]
    public void IMG5_OtherFormats_RefusedByName(string name, string content)
    {
        var file = Encoding.Latin1.GetBytes(content);
        var refusal = Assert.Throws<InferenceException>(() => _decoder.Check(file, "messages[0].content[1]"));
        Assert.Equal(ImageError.UnsupportedFormat, refusal.ImageError);
        Assert.StartsWith(name + " files", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("messages[0].content[1]", refusal.Parameter);
    }

    [Fact]
    public void IMG5_UnknownBytes_RefusedWithoutQuotingThem()
    {
        var refusal = Assert.Throws<InferenceException>(() => _decoder.Check("secret words"u8, "p"));
        Assert.Equal(ImageError.NotAnImage, refusal.ImageError);
        Assert.DoesNotContain("secret", refusal.Message);
    }

    [Fact]
    public async Task IMG5_Polyglots_AreThePictureThatTheyBeginWith()
    {
        var png = TestImages.Png(9, 9, SKColors.Red);
        using var plain = await _decoder.DecodeAsync(png, "p", Token);
        byte[][] tails = [[.. "<svg onload=alert(1)>"u8], [.. "PK\u0003\u0004"u8, .. new byte[100]], [.. "%PDF-1.7"u8], [.. "<script>"u8]];
        foreach (var tail in tails)
        {
            using var picture = await _decoder.DecodeAsync((byte[])[.. png, .. tail], "p", Token);
            Assert.Equal(plain.Hash, picture.Hash);
            Assert.True(Assert.Throws<InferenceException>(() => _decoder.Check([.. tail, .. png], "p")).ImageError is ImageError.UnsupportedFormat or ImageError.NotAnImage);
        }
    }

    [Fact]
    public async Task IMG2_DecodingTakesTooLong_RefusedAndTheSlotIsKeptUntilTheDecoderReturns()
    {
        using var decoder = new ImageDecoder(
            Options.Create(new InferenceOptions { Images = { DecodeTime = TimeSpan.FromMilliseconds(1) } }), TimeProvider.System);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => decoder.DecodeAsync(TestImages.Png(6000, 4000, SKColors.Red), "p", Token));
        Assert.Equal(ImageError.ParseError, refusal.ImageError);
        Assert.Contains("Images:DecodeTime", refusal.Message);
        for (var i = 0; i < 1000 && decoder.HeldBytes.InFlight > 0; i++)
        {
            await Task.Delay(10, Token);
        }

        Assert.Equal((0, 0), decoder.HeldBytes);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task IMG6_DecoderMustAgreeWithTheSignature(string format)
    {
        // The signature of one format before the body of another is a damaged file, never another decoder's picture.
        var sample = ImageDecoderTests.Sample(format);
        foreach (var other in Formats.Select(f => f.Data).Where(f => f != format))
        {
            var body = ImageDecoderTests.Sample(other);
            var head = Math.Min(12, body.Length);
            byte[] file = [.. sample[..head], .. body];
            Assert.False(await DecodeOrRefuse(file), $"{format} before {other}");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task IMG15_Mutations_ServedOrRefused(string format)
    {
        var seeds = new[]
        {
            ImageDecoderTests.Sample(format),
            format switch
            {
                "gif" => TestImages.Gif(33, 9, SKColors.Red, SKColors.Lime, SKColors.Blue),
                "bmp" => TestImages.Bmp(33, 9, 9, 8, 7, topDown: true),
                _ => TestImages.Encode(TestImages.Gradient(33, 9), Enum.Parse<SKEncodedImageFormat>(format, ignoreCase: true)),
            },
        };
        var random = new MersenneTwister((uint)format.Length + 17);
        int Next(int n) => (int)(random.NextUInt32() % (uint)n);
        var watch = Stopwatch.StartNew();
        var (served, refused) = (0, 0);
        while (watch.Elapsed < TimeSpan.FromSeconds(4))
        {
            var file = (byte[])seeds[Next(2)].Clone();
            for (var changes = 1 + Next(6); changes > 0; changes--)
            {
                var at = Next(Next(2) == 0 ? Math.Min(64, file.Length) : file.Length);
                switch (Next(4))
                {
                    case 0:
                        file[at] = (byte)Next(256);
                        break;
                    case 1:
                        file[at] = (byte)(Next(2) * 255);
                        break;
                    case 2:
                        file = [.. file[..at], .. file[Math.Min(file.Length, at + Next(20))..], 0];
                        break;
                    default:
                        file = [.. file[..at], .. file[at..Math.Min(file.Length, at + Next(20))], .. file[at..]];
                        break;
                }
            }

            if (await DecodeOrRefuse(file))
            {
                served++;
            }
            else
            {
                refused++;
            }
        }

        Assert.True(served + refused > 100, $"only {served + refused} files");
        Assert.Equal((0, 0), _decoder.HeldBytes);
    }

    // True: served. Anything but a picture or a picture error fails the test.
    private async Task<bool> DecodeOrRefuse(byte[] file)
    {
        try
        {
            using var picture = await _decoder.DecodeAsync(file, "p", Token);
            return true;
        }
        catch (InferenceException refusal)
        {
            Assert.Equal(InferenceError.InvalidImage, refusal.Error);
            Assert.NotNull(refusal.ImageError);
            return false;
        }
    }

    private static byte[] Deflate(byte[] data)
    {
        using var output = new MemoryStream();
        using (var zlib = new ZLibStream(output, CompressionLevel.SmallestSize))
        {
            zlib.Write(data);
        }

        return output.ToArray();
    }

    private static byte[] PngChunk(string name, byte[] body)
    {
        var chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(name).CopyTo(chunk, 4);
        body.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), Crc32(chunk.AsSpan(4, body.Length + 4)));
        return chunk;
    }

    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
            }
        }

        return ~crc;
    }
}
