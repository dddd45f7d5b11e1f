using LlavaServer.Inference.Images;
using LlavaServer.Inference.Images.Fitting;

namespace LlavaServer.Engine.Tests.Vision.Resampling;

/// <summary>Known results of the two resamplers on grey pictures.</summary>
public sealed class ResamplerTests
{
    private static readonly RgbImage s_row = TestImages.Grey(5, 1, 0, 50, 100, 200, 250);
    private static readonly RgbImage s_square = TestImages.Grey(2, 2, 0, 100, 200, 50);

    [Fact]
    public void NaiveBicubic_KnownPictures_Exact()
    {
        AssertGrey(NaiveBicubic.Resize(s_row, 3, 1), 0, 80, 222);
        AssertGrey(NaiveBicubic.Resize(s_row, 8, 1), 0, 29, 61, 92, 150, 209, 242, 253);
        AssertGrey(NaiveBicubic.Resize(s_square, 3, 3), 0, 68, 106, 136, 88, 62, 212, 100, 37);
    }

    [Fact]
    public void PillowBicubic_KnownPictures_Exact()
    {
        AssertGrey(PillowBicubic.Resize(new PaddedImage(s_row), 3, 1), 16, 110, 234);
        AssertGrey(PillowBicubic.Resize(new PaddedImage(s_row), 8, 1), 0, 17, 53, 81, 129, 195, 235, 254);
        AssertGrey(PillowBicubic.Resize(new PaddedImage(s_square), 3, 3), 0, 45, 111, 105, 88, 74, 224, 130, 36);
    }

    [Theory]
    [InlineData(7, 4, 7, 7)]
    [InlineData(4, 9, 9, 9)]
    [InlineData(5, 3, 20, 11)]
    [InlineData(30, 41, 41, 41)]
    [InlineData(6, 6, 6, 6)]
    public void PillowBicubic_PaddedPicture_EqualsPictureOfTheCanvas(int width, int height, int canvasWidth, int canvasHeight)
    {
        var padded = new PaddedImage(TestImages.Waves(width, height), canvasWidth, canvasHeight, (122, 116, 104));
        var pixels = new byte[canvasWidth * canvasHeight * 3];
        for (int y = 0; y < canvasHeight; y++)
        {
            padded.CopyRow(y, pixels.AsSpan(y * canvasWidth * 3));
        }

        var canvas = new PaddedImage(new RgbImage(canvasWidth, canvasHeight, pixels));
        foreach ((int targetWidth, int targetHeight) in ((int, int)[])[(6, 6), (canvasWidth, 5), (5, canvasHeight), (33, 50), (canvasWidth, canvasHeight)])
        {
            RgbImage expected = PillowBicubic.Resize(canvas, targetWidth, targetHeight);
            RgbImage actual = PillowBicubic.Resize(padded, targetWidth, targetHeight);
            Assert.Equal(expected.Pixels, actual.Pixels);
        }
    }

    [Fact]
    public void PillowBicubic_OneColour_StaysThatColour()
    {
        var pixels = new byte[37 * 23 * 3];
        PaddedImage.Fill(pixels, (1, 128, 254));
        RgbImage resized = PillowBicubic.Resize(new PaddedImage(new RgbImage(37, 23, pixels)), 112, 9);
        Assert.All(Enumerable.Range(0, 112 * 9), i => Assert.Equal([1, 128, 254], resized.Pixels.Slice(3 * i, 3).ToArray()));
    }

    private static void AssertGrey(RgbImage actual, params byte[] expected)
    {
        Assert.Equal(expected.Length, actual.Width * actual.Height);
        Assert.Equal(TestImages.Grey(actual.Width, actual.Height, expected.Select(value => (int)value).ToArray()).Pixels, actual.Pixels);
    }
}
