using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

public sealed class ImagePreprocessorTests
{
    private static readonly ClipConfig s_config = Config();

    public static TheoryData<VisionProfile> Profiles => [.. Enum.GetValues<VisionProfile>()];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void IMG8_TinyAndExtremeShapes_GiveFinitePatches(VisionProfile profile)
    {
        var preprocessor = new ImagePreprocessor(s_config, VisionRules.For(profile));
        var patches = new float[s_config.PatchCount * preprocessor.PatchFloats];
        for (int width = 1; width <= 40; width++)
        {
            for (int height = 1; height <= 40; height++)
            {
                AssertFinite(width, height);
            }
        }

        AssertFinite(1, 16384);
        AssertFinite(16384, 1);

        void AssertFinite(int width, int height)
        {
            patches.AsSpan().Fill(float.NaN);
            preprocessor.WritePatches(TestImages.Waves(width, height), patches);
            Assert.True(Array.TrueForAll(patches, float.IsFinite), $"{width} x {height}");
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void IMG8_ExtremeShape_TakesLittleMemory(VisionProfile profile)
    {
        var preprocessor = new ImagePreprocessor(s_config, VisionRules.For(profile));
        RgbImage image = TestImages.Waves(16384, 1);
        preprocessor.Fit(image);
        long before = GC.GetAllocatedBytesForCurrentThread();
        preprocessor.Fit(image);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Fit_RightSize_IsUnchanged(VisionProfile profile)
    {
        RgbImage image = TestImages.Waves(56, 56);
        Assert.Equal(image.Pixels, new ImagePreprocessor(s_config, VisionRules.For(profile)).Fit(image).Pixels);
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Fit_WidePicture_IsCentredOnTheMeanColour(VisionProfile profile)
    {
        var white = new byte[100 * 50 * 3];
        Array.Fill(white, (byte)255);
        RgbImage fitted = new ImagePreprocessor(s_config, VisionRules.For(profile)).Fit(new RgbImage(100, 50, white));
        Assert.Equal((56, 56), (fitted.Width, fitted.Height));
        foreach (int y in (ReadOnlySpan<int>)[0, 5, 10, 45, 55])
        {
            Assert.Equal([122, 116, 104], fitted.Pixels.Slice((y * 56 + 30) * 3, 3).ToArray());
        }

        Assert.Equal([255, 255, 255], fitted.Pixels.Slice((28 * 56 + 1) * 3, 3).ToArray());
        Assert.Equal([255, 255, 255], fitted.Pixels.Slice((20 * 56 + 54) * 3, 3).ToArray());
    }

    [Fact]
    public void WritePatches_OrderIsPatchChannelRowColumn()
    {
        var preprocessor = new ImagePreprocessor(s_config, VisionRules.For(VisionProfile.Reference));
        RgbImage image = TestImages.Waves(56, 56);
        var patches = new float[s_config.PatchCount * preprocessor.PatchFloats];
        preprocessor.WritePatches(image, patches);

        // Patch 6 of 4 x 4 begins at pixel (28, 14); its value (channel 2, row 3, column 4) is pixel (32, 17).
        byte pixel = image.Pixels[(17 * 56 + 32) * 3 + 2];
        Assert.Equal((pixel / 255f - 0.40821073f) / 0.27577711f, patches[((6 * 3 + 2) * 14 + 3) * 14 + 4], 1e-6f);
    }

    private static ClipConfig Config()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        return ClipConfig.Read(file, VisionRules.For(VisionProfile.Reference));
    }
}
