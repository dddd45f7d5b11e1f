namespace LlavaServer.Training.Network;

/// <summary>Creates the weights of tower, projector, language model and of the heads that only training uses.</summary>
public static class LlavaWeights
{
    public const string Vision = "vision_tower.vision_model.";
    public const string Projector = "multi_modal_projector.";
    public const string Language = "language_model.";

    /// <summary>Prefix of everything that is left behind at export: text encoder, contrastive projections, patch labels.</summary>
    public const string Scaffold = "scaffold.";

    public static ParameterSet Create(LlavaShape shape, int patchOutputs, int seed)
    {
        var random = new Random(seed);
        var set = new ParameterSet();
        AddVision(set, shape, random);
        AddScaffold(set, shape, patchOutputs, random);
        Linear(set, random, Projector + "linear_1", shape.VisionHiddenSize, shape.HiddenSize);
        Linear(set, random, Projector + "linear_2", shape.HiddenSize, shape.HiddenSize);
        AddLanguage(set, shape, random);
        return set;
    }

    private static void AddVision(ParameterSet set, LlavaShape shape, Random random)
    {
        int width = shape.VisionHiddenSize;
        set.Add(Vision + "embeddings.class_embedding", random, 0.02f, 0, width);
        set.Add(Vision + "embeddings.patch_embedding.weight", VisionStart.Patches(shape, random), width, 3, shape.PatchSize, shape.PatchSize);
        set.Add(Vision + "embeddings.position_embedding.weight", VisionStart.Positions(shape), shape.ImageRows + 1, width);
        Norm(set, random, Vision + "pre_layrnorm", width);
        for (var i = 0; i < shape.VisionHiddenLayers; i++)
        {
            AddEncoderLayer(set, random, $"{Vision}encoder.layers.{i}.", width, shape.VisionIntermediateSize, shape.VisionHiddenLayers);
        }

        Norm(set, random, Vision + "post_layernorm", width);
    }

    private static void AddScaffold(ParameterSet set, LlavaShape shape, int patchOutputs, Random random)
    {
        int width = shape.ProjectionDim;
        Linear(set, random, Scaffold + "patch_labels", shape.VisionHiddenSize, patchOutputs);
        set.Add(Scaffold + "visual_projection.weight", random, 1f / MathF.Sqrt(shape.VisionHiddenSize), 0, width, shape.VisionHiddenSize);
        set.Add(Scaffold + "logit_scale", random, 0, MathF.Log(1 / 0.07f), 1);
        set.Add(Scaffold + "text_model.token_embedding.weight", random, 0.02f, 0, shape.VocabSize, width);
        set.Add(Scaffold + "text_model.position_embedding.weight", random, 0.02f, 0, 128, width);
        for (var i = 0; i < 2; i++)
        {
            AddEncoderLayer(set, random, $"{Scaffold}text_model.layers.{i}.", width, 2 * width, 2);
        }

        Norm(set, random, Scaffold + "text_model.final_layer_norm", width);
        set.Add(Scaffold + "text_projection.weight", random, 1f / MathF.Sqrt(width), 0, width, width);
    }

    private static void AddLanguage(ParameterSet set, LlavaShape shape, Random random)
    {
        int width = shape.HiddenSize;
        var residual = 0.7f / MathF.Sqrt(2f * shape.HiddenLayers * width);
        set.Add(Language + "model.embed_tokens.weight", random, 0.05f, 0, shape.VocabSize, width);
        for (var i = 0; i < shape.HiddenLayers; i++)
        {
            var layer = $"{Language}model.layers.{i}.";
            foreach (var name in (string[])["q_proj", "k_proj", "v_proj"])
            {
                set.Add($"{layer}self_attn.{name}.weight", random, 0.7f / MathF.Sqrt(width), 0, width, width);
            }

            set.Add(layer + "self_attn.o_proj.weight", random, residual, 0, width, width);
            set.Add(layer + "mlp.gate_proj.weight", random, 0.7f / MathF.Sqrt(width), 0, shape.IntermediateSize, width);
            set.Add(layer + "mlp.up_proj.weight", random, 0.7f / MathF.Sqrt(width), 0, shape.IntermediateSize, width);
            set.Add(layer + "mlp.down_proj.weight", random, residual, 0, width, shape.IntermediateSize);
            set.Add(layer + "input_layernorm.weight", random, 0, 1, width);
            set.Add(layer + "post_attention_layernorm.weight", random, 0, 1, width);
        }

        set.Add(Language + "model.norm.weight", random, 0, 1, width);
        set.Add(Language + "lm_head.weight", random, 0.02f, 0, shape.VocabSize, width);
    }

    private static void AddEncoderLayer(ParameterSet set, Random random, string layer, int width, int intermediate, int depth)
    {
        foreach (var name in (string[])["q_proj", "k_proj", "v_proj"])
        {
            Linear(set, random, $"{layer}self_attn.{name}", width, width);
        }

        // Queries and keys start equal, so that patches first attend to what is like them, above all to their neighbours
        // (Trockman and Kolter 2023, arXiv 2305.09828).
        set.Copy($"{layer}self_attn.q_proj.weight", $"{layer}self_attn.k_proj.weight");
        Linear(set, random, layer + "self_attn.out_proj", width, width, 1f / MathF.Sqrt(2f * depth));
        Linear(set, random, layer + "mlp.fc1", width, intermediate);
        Linear(set, random, layer + "mlp.fc2", intermediate, width, 1f / MathF.Sqrt(2f * depth));
        Norm(set, random, layer + "layer_norm1", width);
        Norm(set, random, layer + "layer_norm2", width);
    }

    private static void Linear(ParameterSet set, Random random, string name, int input, int output, float gain = 1)
    {
        set.Add(name + ".weight", random, 0.7f * gain / MathF.Sqrt(input), 0, output, input);
        set.Add(name + ".bias", random, 0, 0, output);
    }

    private static void Norm(ParameterSet set, Random random, string name, int width)
    {
        set.Add(name + ".weight", random, 0, 1, width);
        set.Add(name + ".bias", random, 0, 0, width);
    }
}
