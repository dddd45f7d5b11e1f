using LlavaServer.Engine.LLamaSharp;
using LlavaServer.Models.Gguf;
using LlavaServer.TestModels;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Tests.LLamaSharp;

public sealed class GpuLayersTests
{
    private const long GiB = 1L << 30;

    // LLaVA-1.5-7B in Q4_K_M: 4.1 GB, 32 blocks, 2 GiB of keys and values for 4,096 positions in f16, 0.6 GB of vision.
    [Theory]
    [InlineData(24, 33)]
    [InlineData(8, 33)]
    [InlineData(6, 24)]
    [InlineData(4, 13)]
    [InlineData(1, 0)]
    [InlineData(0, 0)]
    public void Fitting_Llava7B_AsManyAsFit(int freeGiB, int layers) =>
        Assert.Equal(layers, GpuLayers.Fitting(freeGiB * GiB, 4_081_000_000, 32, 2 * GiB, 624_000_000));

    [Fact]
    public void CacheBytes_Header_TwoRowsOfHalvesPerPositionAndBlock()
    {
        var folder = Directory.CreateTempSubdirectory("llava-layers-");
        try
        {
            var path = Path.Combine(folder.FullName, "model.gguf");
            RandomLanguageModel.Write(path, LanguageShape.Tiny, QuantizationMix.Parse("F32"));
            using var file = GgufFile.Open(path);
            int Number(string key) => file.Metadata.GetInt32("llama." + key);
            var kvWidth = Number("embedding_length") / Number("attention.head_count") * Number("attention.head_count_kv");
            Assert.Equal(2L * kvWidth * Number("block_count") * 100 * 2, GpuLayers.CacheBytes(file.Metadata, 100, CacheType.Of("f16").BytesPerValue));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
