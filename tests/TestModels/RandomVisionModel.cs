using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.TestModels;

/// <summary>Writes an mmproj file with random weights: a CLIP tower and a projector. The same arguments give the same bytes.</summary>
internal static class RandomVisionModel
{
    public static void Write(string path, VisionShape shape, QuantizationMix mix, ulong seed = 1, bool pure = false)
    {
        var writer = new GgufWriter();
        AddMetadata(writer, shape, mix);
        AddTensors(shape, mix, seed).AddTo(writer, mix, 0, 1, pure);
        writer.Write(path);
    }

    private static void AddMetadata(GgufWriter writer, VisionShape shape, QuantizationMix mix)
    {
        writer.AddString("general.architecture", "clip");
        writer.AddString("general.type", "mmproj");
        writer.AddString("general.name", shape.Name);
        writer.AddUInt32("general.file_type", mix.FileType);
        writer.AddUInt32("general.quantization_version", 2);
        writer.AddBoolean("clip.has_vision_encoder", true);
        if (shape.Projector != "linear")
        {
            writer.AddString("clip.projector_type", shape.Projector == VisionShape.InternVL ? shape.Projector : "mlp");
        }

        if (shape.Projector == VisionShape.InternVL)
        {
            writer.AddUInt32("clip.vision.projector.scale_factor", VisionShape.InternVLMerge);
        }

        writer.AddUInt32("clip.vision.image_size", (uint)shape.ImageSize);
        writer.AddUInt32("clip.vision.patch_size", (uint)shape.PatchSize);
        writer.AddUInt32("clip.vision.embedding_length", (uint)shape.Width);
        writer.AddUInt32("clip.vision.feed_forward_length", (uint)shape.FeedForward);
        writer.AddUInt32("clip.vision.block_count", (uint)shape.Blocks);
        writer.AddUInt32("clip.vision.attention.head_count", (uint)shape.Heads);
        writer.AddFloat32("clip.vision.attention.layer_norm_epsilon", 1e-5f);
        writer.AddUInt32("clip.vision.projection_dim", 768);
        writer.AddFloat32s("clip.vision.image_mean", [0.48145466f, 0.4578275f, 0.40821073f]);
        writer.AddFloat32s("clip.vision.image_std", [0.26862954f, 0.26130258f, 0.27577711f]);
        writer.AddBoolean("clip.use_gelu", shape.UseGelu);
        if (shape.FeatureLayer)
        {
            writer.AddInt32s("clip.vision.feature_layer", [shape.Blocks]);
        }
    }

    private static RandomTensors AddTensors(VisionShape shape, QuantizationMix mix, ulong seed)
    {
        var tensors = new RandomTensors(seed);
        var kernelType = mix.BaseType == TensorType.F32 ? TensorType.F32 : TensorType.F16;
        var fanIn = shape.PatchSize * shape.PatchSize * 3;
        tensors.Add("v.patch_embd.weight", kernelType, [shape.PatchSize, shape.PatchSize, 3, shape.Width], 0, 1 / MathF.Sqrt(fanIn));
        tensors.Add("v.position_embd.weight", TensorType.F32, [shape.Width, shape.Patches + (shape.ClassVector ? 1 : 0)], 0, 0.3f);
        if (shape.ClassVector)
        {
            tensors.Add("v.class_embd", TensorType.F32, [shape.Width], 0, 0.3f);
            AddLayerNorm("v.pre_ln", shape.Width);
        }
        else
        {
            tensors.AddBias("v.patch_embd.bias", shape.Width);
        }

        var (up, down) = shape.LegacyNames ? ("ffn_down", "ffn_up") : ("ffn_up", "ffn_down");
        for (var block = 0; block < shape.Blocks; block++)
        {
            var prefix = $"v.blk.{block}.";
            AddLayerNorm(prefix + "ln1", shape.Width);
            AddLinear(prefix + "attn_q", shape.Width, shape.Width);
            AddLinear(prefix + "attn_k", shape.Width, shape.Width);
            AddLinear(prefix + "attn_v", shape.Width, shape.Width);
            AddLinear(prefix + "attn_out", shape.Width, shape.Width);
            AddLayerNorm(prefix + "ln2", shape.Width);
            AddLinear(prefix + up, shape.Width, shape.FeedForward);
            AddLinear(prefix + down, shape.FeedForward, shape.Width);
        }

        if (shape.Projector == VisionShape.InternVL)
        {
            // Patches of a square lie side by side.
            const int Merged = VisionShape.InternVLMerge * VisionShape.InternVLMerge;
            AddLayerNorm("mm.model.mlp.0", shape.Width * Merged);
            AddLinear("mm.model.mlp.1", shape.Width * Merged, shape.ProjectionWidth);
            AddLinear("mm.model.mlp.3", shape.ProjectionWidth, shape.ProjectionWidth);
            return tensors;
        }

        AddLinear("mm.0", shape.Width, shape.ProjectionWidth);
        if (shape.Projector == "mlp")
        {
            AddLinear("mm.2", shape.ProjectionWidth, shape.ProjectionWidth);
        }
        else if (shape.Projector == "mlp_norm")
        {
            AddLayerNorm("mm.1", shape.ProjectionWidth);
            AddLinear("mm.3", shape.ProjectionWidth, shape.ProjectionWidth);
            AddLayerNorm("mm.4", shape.ProjectionWidth);
        }

        return tensors;

        void AddLinear(string name, int inputs, int outputs)
        {
            tensors.AddMatrix(name + ".weight", inputs, outputs);
            tensors.AddBias(name + ".bias", outputs);
        }

        void AddLayerNorm(string name, int width)
        {
            tensors.AddNorm(name + ".weight", width);
            tensors.AddBias(name + ".bias", width);
        }
    }
}
