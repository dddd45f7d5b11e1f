using LlavaServer.Training.Drawing;
using SkiaSharp;

namespace LlavaServer.Training.Tests.Drawing;

public sealed class ModelPictureTests
{
    // Vectors of Pillow's bicubic filter: a grey 2x2 picture enlarged to 3x3.
    [Fact]
    public void Resize_TwoByTwoToThree_EqualsPillow()
    {
        byte[] source = [.. new byte[] { 0, 100, 200, 50 }.SelectMany(v => new[] { v, v, v })];
        byte[] expected = [0, 45, 111, 105, 88, 74, 224, 130, 36];

        var resized = ModelPicture.Resize(source, 2, 3);

        Assert.Equal(expected.SelectMany(v => new[] { v, v, v }), resized);
    }

    [Fact]
    public void Patches_WidePicture_PadsWithMeanColourAboveAndBelow()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(112, 56, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(SKColors.White);

        var patches = ModelPicture.Patches(bitmap, 112, 14);

        Assert.Equal(64 * 588, patches.Length);
        Assert.Equal(((122 / 255f) - 0.48145466f) / 0.26862954f, patches[0], 1e-5f);
        Assert.Equal((1 - 0.48145466f) / 0.26862954f, patches[32 * 588], 1e-5f);
        Assert.Equal(((104 / 255f) - 0.40821073f) / 0.27577711f, patches[(63 * 588) + 587], 1e-5f);
    }
}
