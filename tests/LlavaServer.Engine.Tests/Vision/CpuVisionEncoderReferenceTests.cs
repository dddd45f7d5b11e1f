using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>Profile <c>ref</c> against the authors' graph in double precision.</summary>
public sealed class CpuVisionEncoderReferenceTests
{
    private static double Tanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private static double Erf(double x) => 0.5 * x * (1 + ReferenceClip.Erf(x / Math.Sqrt(2)));

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.F16)]
    public void Encode_FloatWeights_EqualsAuthorsGraph(TensorType type) => AssertEqual(new TinyMmproj { Type = type }, [2]);

    [Fact]
    public void Encode_NewNames_EqualsAuthorsGraph() => AssertEqual(new TinyMmproj { HasSwappedNames = false }, [2]);

    [Fact]
    public void Encode_OddSizes_EqualsAuthorsGraph() => AssertEqual(
        new TinyMmproj { ImageSize = 50, PatchSize = 7, Width = 51, Heads = 3, FeedForward = 331, ProjectorHidden = 77, LanguageWidth = 45, Type = TensorType.F32 },
        [2]);

    [Fact]
    public void Encode_NoBiases_EqualsAuthorsGraph() => AssertEqual(new TinyMmproj { HasBiases = false }, [2]);

    [Fact]
    public void Encode_NoFeatureLayer_LeavesLastBlockOut() => AssertEqual(new TinyMmproj { FeatureLayers = null }, [2]);

    [Fact]
    public void Encode_FeatureLayerOfAllBlocks_RunsAll() => AssertEqual(new TinyMmproj { FeatureLayers = [3] }, [3]);

    [Fact]
    public void Encode_SeveralFeatureLayers_JoinsThemInOrder() => AssertEqual(new TinyMmproj { FeatureLayers = [3, 0, 2] }, [3, 0, 2]);

    [Fact]
    public void Encode_MissingProjectorType_IsInferred() => AssertEqual(new TinyMmproj { ProjectorType = null }, [2]);

    [Fact]
    public void Encode_LinearProjector_EqualsAuthorsGraph() => AssertEqual(new TinyMmproj { ProjectorTensors = "linear" }, [2]);

    [Fact]
    public void Encode_MlpNormProjector_EqualsAuthorsGraph() => AssertEqual(new TinyMmproj { ProjectorTensors = "mlp_norm" }, [2]);

    [Fact]
    public void Encode_UseGelu_TakesExactGelu() => AssertEqual(new TinyMmproj { UseGelu = true }, [2], Erf);

    [Fact]
    public void Encode_UseSilu_TakesSilu() => AssertEqual(new TinyMmproj { UseSilu = true }, [2], x => x / (1 + Math.Exp(-x)));

    [Fact]
    public void Encode_SiglipShape_TakesTanhGeluAndKeepsAllRows()
    {
        var siglip = new TinyMmproj { HasClass = false, HasPreNorm = false, Mean = [0.5f, 0.5f, 0.5f], Std = [0.5f, 0.5f, 0.5f] };
        AssertEqual(siglip, [2], Tanh);
    }

    [Fact]
    public void Encode_ManyThreads_GivesTheSameRows()
    {
        using TemporaryFile path = new TinyMmproj { Width = 96, Heads = 6, FeedForward = 300 }.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder one = CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, 64);
        using CpuVisionEncoder many = CpuVisionEncoder.Load(file, VisionProfile.Reference, 7, 64);
        RgbImage image = TestImages.Waves(100, 70);
        Assert.Equal(one.Encode(image, CancellationToken.None).Values.ToArray(), many.Encode(image, CancellationToken.None).Values.ToArray());
    }

    private static void AssertEqual(TinyMmproj shape, int[] layers, Func<double, double>? activation = null)
    {
        using TemporaryFile path = shape.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, shape.LanguageWidth);
        var reference = activation is null ? new ReferenceClip(file) : new ReferenceClip(file) { Activation = activation };
        RgbImage image = TestImages.Waves(shape.ImageSize, shape.ImageSize);
        double[][] expected = reference.Encode(image, layers);

        ImageEmbedding actual = encoder.Encode(image, CancellationToken.None);

        Assert.Equal(expected.Length, actual.RowCount);
        Assert.Equal(shape.LanguageWidth, actual.Width);
        double largest = 0;
        double difference = 0;
        for (int row = 0; row < expected.Length; row++)
        {
            for (int i = 0; i < actual.Width; i++)
            {
                largest = Math.Max(largest, Math.Abs(expected[row][i]));
                difference = Math.Max(difference, Math.Abs(expected[row][i] - actual.Row(row)[i]));
            }
        }

        Assert.True(largest > 0.5, $"rows of {largest} prove nothing");
        Assert.True(difference < 5e-5, $"differs by {difference} at rows up to {largest}");
    }
}
