using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>
/// Turns the vision half of a checkpoint, tower and projector, into metadata and tensors of a `clip` GGUF file. Only the blocks up to the layer that the
/// projector reads are stored, and `feature_layer` names that layer, so that every reader runs exactly these blocks.
/// </summary>
internal static class VisionModelWriter
{
    public static void AddMetadata(GgufWriter writer, VisionConfig config)
    {
        writer.AddBoolean("clip.has_text_encoder", false);
        writer.AddBoolean("clip.has_vision_encoder", true);
        writer.AddBoolean("clip.has_llava_projector", true);
        writer.AddString("clip.projector_type", "mlp");
        writer.AddUInt32("clip.vision.image_size", (uint)config.ImageSize);
        writer.AddUInt32("clip.vision.patch_size", (uint)config.PatchSize);
        writer.AddUInt32("clip.vision.embedding_length", (uint)config.Width);
        writer.AddUInt32("clip.vision.feed_forward_length", (uint)config.FeedForward);
        writer.AddUInt32("clip.vision.block_count", (uint)config.Blocks);
        writer.AddUInt32("clip.vision.attention.head_count", (uint)config.Heads);
        writer.AddFloat32("clip.vision.attention.layer_norm_epsilon", config.Epsilon);
        writer.AddUInt32("clip.vision.projection_dim", (uint)config.ProjectionDimension);
        writer.AddFloat32s("clip.vision.image_mean", config.Mean);
        writer.AddFloat32s("clip.vision.image_std", config.Deviation);
        writer.AddInt32s("clip.vision.feature_layer", config.FeatureLayers);
        writer.AddBoolean("clip.use_gelu", config.Activation is "gelu" or "gelu_pytorch_tanh" or "gelu_new");
        writer.AddBoolean("clip.use_silu", config.Activation == "silu");
        if (config.Activation is not ("quick_gelu" or "gelu" or "gelu_pytorch_tanh" or "gelu_new" or "silu"))
        {
            throw new ImportException($"config.json: 'hidden_act' {GgufText.Quote(config.Activation)} of the vision tower is not supported");
        }
    }

    /// <param name="collector">Gives up the tensors of tower and projector.</param>
    /// <param name="config">Sizes of the tower.</param>
    /// <param name="languageWidth">Width of the language model, which the projector must end in.</param>
    /// <param name="kernelType">Type of the patch kernel: a convolution in half or full precision.</param>
    public static List<ImportTensor> CollectTensors(TensorCollector collector, VisionConfig config, int languageWidth, TensorType kernelType)
    {
        const string tower = CheckpointNames.Vision;
        var tensors = new List<ImportTensor>();
        var hasClassVector = collector.Contains(tower + "embeddings.class_embedding");
        if (hasClassVector && config.KeepsClassVector)
        {
            throw new ImportException("config.json: 'vision_feature_select_strategy' must be default; a class vector among the image rows is not supported");
        }

        var side = config.ImageSize / config.PatchSize;
        if (hasClassVector)
        {
            Add("embeddings.class_embedding", "v.class_embd", TensorType.F32, config.Width);
        }

        Add("embeddings.patch_embedding.weight", "v.patch_embd.weight", kernelType, config.Width, 3, config.PatchSize, config.PatchSize);
        AddOptional("embeddings.patch_embedding.bias", "v.patch_embd.bias", config.Width);
        Add("embeddings.position_embedding.weight", "v.position_embd.weight", TensorType.F32, side * side + (hasClassVector ? 1 : 0), config.Width);
        AddOptional("pre_layrnorm.weight", "v.pre_ln.weight", config.Width);
        AddOptional("pre_layrnorm.bias", "v.pre_ln.bias", config.Width);
        for (var block = 0; block < config.Blocks; block++)
        {
            var (from, to) = ($"encoder.layers.{block}.", $"v.blk.{block}.");
            AddNorm(from + "layer_norm1", to + "ln1");
            AddLinear(tower + from + "self_attn.q_proj", to + "attn_q", config.Width, config.Width);
            AddLinear(tower + from + "self_attn.k_proj", to + "attn_k", config.Width, config.Width);
            AddLinear(tower + from + "self_attn.v_proj", to + "attn_v", config.Width, config.Width);
            AddLinear(tower + from + "self_attn.out_proj", to + "attn_out", config.Width, config.Width);
            AddNorm(from + "layer_norm2", to + "ln2");
            AddLinear(tower + from + "mlp.fc1", to + "ffn_up", config.FeedForward, config.Width);
            AddLinear(tower + from + "mlp.fc2", to + "ffn_down", config.Width, config.FeedForward);
        }

        AddLinear(CheckpointNames.Projector + "linear_1", "mm.0", languageWidth, config.Width * config.FeatureLayers.Length);
        AddLinear(CheckpointNames.Projector + "linear_2", "mm.2", languageWidth, languageWidth);

        // Blocks behind the layer that is read, and what only CLIP's own training objective used.
        collector.Ignore(name => name.StartsWith(tower + "encoder.layers.", StringComparison.Ordinal)
            || name.StartsWith(tower + "post_layernorm.", StringComparison.Ordinal)
            || name.StartsWith(tower + "head.", StringComparison.Ordinal)
            || name == tower + "embeddings.position_ids");
        return tensors;

        void AddNorm(string from, string to)
        {
            Add(from + ".weight", to + ".weight", TensorType.F32, config.Width);
            Add(from + ".bias", to + ".bias", TensorType.F32, config.Width);
        }

        void AddLinear(string from, string to, int outputs, int inputs)
        {
            tensors.Add(new ImportTensor(to + ".weight", collector.Take(from + ".weight", outputs, inputs), TensorType.F32));
            tensors.Add(new ImportTensor(to + ".bias", collector.Take(from + ".bias", outputs), TensorType.F32));
        }

        void Add(string from, string to, TensorType type, params ReadOnlySpan<long> shape) =>
            tensors.Add(new ImportTensor(to, collector.Take(tower + from, shape), type));

        void AddOptional(string from, string to, int width)
        {
            if (collector.Contains(tower + from))
            {
                Add(from, to, TensorType.F32, width);
            }
        }
    }
}
