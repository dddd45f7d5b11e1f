using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>What is refused when an mmproj file is loaded, and that the message names it.</summary>
public sealed class CpuVisionEncoderLoadTests
{
    public static TheoryData<string, object, string> BadKeys => new()
    {
        { "general.architecture", "llama", "general.architecture" },
        { "clip.has_vision_encoder", false, "clip.has_vision_encoder" },
        { "clip.vision.image_size", 0u, "image_size" },
        { "clip.vision.image_size", 8193u, "image_size" },
        { "clip.vision.image_size", uint.MaxValue, "image_size" },
        { "clip.vision.image_size", "56", "image_size" },
        { "clip.vision.patch_size", 0u, "patch_size" },
        { "clip.vision.patch_size", 57u, "patch_size" },
        { "clip.vision.embedding_length", 0u, "embedding_length" },
        { "clip.vision.embedding_length", 65_537u, "embedding_length" },
        { "clip.vision.feed_forward_length", 0u, "feed_forward_length" },
        { "clip.vision.feed_forward_length", uint.MaxValue, "feed_forward_length" },
        { "clip.vision.attention.head_count", 0u, "head_count" },
        { "clip.vision.attention.head_count", 5u, "head_count" },
        { "clip.vision.attention.head_count", 1025u, "head_count" },
        { "clip.vision.attention.head_count_kv", 2u, "head_count_kv" },
        { "clip.vision.attention.head_dim", 16u, "head_dim" },
        { "clip.vision.attention.layer_norm_epsilon", 0f, "layer_norm_epsilon" },
        { "clip.vision.attention.layer_norm_epsilon", 1f, "layer_norm_epsilon" },
        { "clip.vision.attention.layer_norm_epsilon", float.NaN, "layer_norm_epsilon" },
        { "clip.vision.block_count", 0u, "block_count" },
        { "clip.vision.block_count", 1025u, "block_count" },
        { "clip.vision.image_mean", new float[] { 0.5f, 0.5f }, "image_mean" },
        { "clip.vision.image_mean", new float[] { 0.5f, float.NaN, 0.5f }, "image_mean" },
        { "clip.vision.image_std", new float[] { 0.5f, 0f, 0.5f }, "image_std" },
        { "clip.vision.image_std", new float[] { 0.5f, 0.5f, 0.5f, 0.5f }, "image_std" },
        { "clip.vision.feature_layer", new int[] { 4 }, "feature_layer" },
        { "clip.vision.feature_layer", new int[] { -2 }, "feature_layer" },
        { "clip.vision.feature_layer", new int[17], "feature_layer" },
        { "clip.vision.feature_layer", "2", "feature_layer" },
        { "clip.projector_type", "ldp", "'ldp'" },
        { "clip.projector_type", "ldpv2", "'ldpv2'" },
        { "clip.projector_type", "qwen2vl_merger", "'qwen2vl_merger'" },
        { "clip.projector_type", "mlp_norm", "mm.3.weight" },
        { "clip.use_silu", true, "use_gelu" },
        { "clip.vision.image_grid_pinpoints", new int[] { 336, 672 }, "any-resolution" },
    };

    public static TheoryData<string, long[], string> BadShapes => new()
    {
        { "v.class_embd", [31], "v.class_embd" },
        { "v.position_embd.weight", [32, 16], "v.position_embd.weight" },
        { "v.patch_embd.weight", [14, 14, 1, 32], "v.patch_embd.weight" },
        { "v.patch_embd.weight", [14, 14, 3, 64], "v.patch_embd.weight" },
        { "v.pre_ln.bias", [64], "v.pre_ln.bias" },
        { "v.blk.1.ln1.weight", [1], "v.blk.1.ln1.weight" },
        { "v.blk.0.attn_q.weight", [32, 64], "v.blk.0.attn_q.weight" },
        { "v.blk.0.attn_out.bias", [16], "v.blk.0.attn_out.bias" },
        { "v.blk.1.ffn_up.weight", [32, 32], "v.blk.1.ffn_up.weight" },
        { "v.blk.1.ffn_down.weight", [64, 64], "v.blk.1.ffn_" },
        { "mm.0.weight", [64, 32], "mm.0.weight" },
        { "mm.2.weight", [32, 64], "mm.2.weight" },
        { "mm.2.bias", [63], "mm.2.bias" },
    };

    [Theory]
    [MemberData(nameof(BadKeys))]
    public void GGUF6_BadKey_RefusedByName(string key, object value, string named) =>
        AssertRefused(new TinyMmproj { UseGelu = true, Change = writer => writer.SetValue(key, value) }, named);

    [Theory]
    [InlineData("clip.vision.image_size")]
    [InlineData("clip.vision.patch_size")]
    [InlineData("clip.vision.embedding_length")]
    [InlineData("clip.vision.feed_forward_length")]
    [InlineData("clip.vision.block_count")]
    [InlineData("clip.vision.attention.head_count")]
    [InlineData("clip.vision.attention.layer_norm_epsilon")]
    [InlineData("clip.vision.image_mean")]
    [InlineData("clip.vision.image_std")]
    public void GGUF6_MissingKey_RefusedByName(string key) => AssertRefused(new TinyMmproj { WithoutKey = key }, key);

    [Theory]
    [MemberData(nameof(BadShapes))]
    public void GGUF6_BadShape_RefusedByName(string tensor, long[] shape, string named) =>
        AssertRefused(new TinyMmproj { Shapes = { [tensor] = shape } }, named);

    [Theory]
    [InlineData("v.patch_embd.weight")]
    [InlineData("v.position_embd.weight")]
    [InlineData("v.blk.0.attn_k.weight")]
    [InlineData("v.blk.1.ln2.weight")]
    [InlineData("v.blk.1.ffn_down.weight")]
    [InlineData("mm.0.weight")]
    public void Load_MissingTensor_RefusedByName(string tensor) => AssertRefused(new TinyMmproj { Without = [tensor] }, tensor);

    [Theory]
    [InlineData("v.blk.0.attn_qkv.weight")]
    [InlineData("v.blk.1.attn_q_norm.weight")]
    [InlineData("v.blk.0.ls1.weight")]
    [InlineData("v.blk.0.ffn_gate.weight")]
    [InlineData("v.patch_embd.weight.1")]
    public void Load_PartThatWouldBeLeftOut_RefusedByName(string tensor) =>
        AssertRefused(new TinyMmproj { Change = writer => writer.AddTensor(tensor, [32], new float[32]) }, tensor);

    [Fact]
    public void Load_ThreeMatrixProjector_Refused() =>
        AssertRefused(new TinyMmproj { Change = writer => writer.AddTensor("mm.4.weight", [64, 64], new float[64 * 64]) }, "clip.projector_type");

    [Theory]
    [InlineData("mm.model.mb_block.1.block.0.0.weight", "ldp")]
    [InlineData("mm.model.peg.0.weight", "ldpv2")]
    public void Load_NamelessProjector_RefusedByItsTensors(string tensor, string kind)
    {
        var file = new TinyMmproj { ProjectorType = null, Change = writer => writer.AddTensor(tensor, [9], new float[9]) };
        AssertRefused(file, $"'{kind}'");
    }

    [Fact]
    public void Load_UnsupportedTensorType_RefusedByName()
    {
        byte[] bytes = new byte[64 * 32];
        var file = new TinyMmproj { Without = ["mm.0.weight"], Change = writer => writer.AddTensor("mm.0.weight", TensorType.I8, [32, 64], bytes) };
        AssertRefused(file, "I8");
    }

    [Fact]
    public void Load_OtherLanguageWidth_RefusedWithBothNumbers()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        GgufException refusal = Assert.Throws<GgufException>(() => CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, 4096));
        Assert.Contains("64", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("4096", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v.unknown")]
    [InlineData("model.image_newline")]
    [InlineData("v.image_newline")]
    public void Load_LeftoverTensors_Accepted(string tensor)
    {
        // Without pinpoints a newline tensor is one: such a LLaVA-1.6 file sees one view.
        using TemporaryFile path = new TinyMmproj { Change = writer => writer.AddTensor(tensor, [3], new float[3]) }.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, 64);
        Assert.Equal((56, 14, 16, "mlp"), (encoder.Info.ImageSize, encoder.Info.PatchSize, encoder.Info.RowsPerImage, encoder.Info.ProjectorType));
    }

    [Theory]
    [InlineData(1024, 23, 23, 22)]
    [InlineData(1152, 26, 26, 25)]
    [InlineData(1024, 24, 23, 23)]
    [InlineData(1152, 27, 26, 26)]
    [InlineData(64, 23, 22, 22)]
    public void Read_NoFeatureLayer_RunsThePresetsBlocks(int width, int blocks, int reference, int llamaCpp)
    {
        // Blocks beyond the tensors in the file: the configuration alone decides.
        var shape = new TinyMmproj
        {
            FeatureLayers = null,
            Blocks = 0,
            Change = writer =>
            {
                writer.SetValue("clip.vision.embedding_length", (uint)width);
                writer.SetValue("clip.vision.block_count", (uint)blocks);
            },
        };
        using TemporaryFile path = shape.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        Assert.Equal(reference, ClipConfig.Read(file, VisionRules.For(VisionProfile.Reference)).RunBlockCount);
        Assert.Equal(llamaCpp, ClipConfig.Read(file, VisionRules.For(VisionProfile.LlamaCppL28)).RunBlockCount);
    }

    private static void AssertRefused(TinyMmproj shape, string named)
    {
        using TemporaryFile path = shape.Write();
        GgufException refusal = Assert.Throws<GgufException>(() =>
        {
            using GgufFile file = GgufFile.Open(path.Path);
            CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, shape.LanguageWidth).Dispose();
        });
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
