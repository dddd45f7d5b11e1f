using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>Turns the language half of a checkpoint into metadata and tensors of a `llama` or `qwen2` GGUF file.</summary>
internal static class LanguageModelWriter
{
    public static void AddMetadata(GgufWriter writer, LanguageConfig config, int vocabularySize)
    {
        var prefix = config.Architecture + ".";
        writer.AddUInt32(prefix + "block_count", (uint)config.Layers);
        writer.AddUInt32(prefix + "context_length", (uint)config.Context);
        writer.AddUInt32(prefix + "embedding_length", (uint)config.Width);
        writer.AddUInt32(prefix + "feed_forward_length", (uint)config.FeedForward);
        writer.AddUInt32(prefix + "attention.head_count", (uint)config.Heads);
        writer.AddUInt32(prefix + "attention.head_count_kv", (uint)config.KeyValueHeads);
        if (config.HeadSize * config.Heads != config.Width)
        {
            writer.AddUInt32(prefix + "attention.key_length", (uint)config.HeadSize);
            writer.AddUInt32(prefix + "attention.value_length", (uint)config.HeadSize);
        }

        writer.AddFloat32(prefix + "attention.layer_norm_rms_epsilon", config.Epsilon);
        writer.AddFloat32(prefix + "rope.freq_base", config.RopeBase);
        writer.AddUInt32(prefix + "rope.dimension_count", (uint)config.HeadSize);
        writer.AddUInt32(prefix + "vocab_size", (uint)vocabularySize);
        RopeScalingWriter.Add(writer, config);
    }

    public static void AddVocabulary(GgufWriter writer, ImportedVocabulary vocabulary, (string? Usual, string? WithTools) templates)
    {
        writer.AddString("tokenizer.ggml.model", vocabulary.Model);
        writer.AddString("tokenizer.ggml.pre", vocabulary.PreTokenizer ?? "default");
        writer.AddStrings("tokenizer.ggml.tokens", vocabulary.Tokens);
        if (vocabulary.Merges is null)
        {
            writer.AddFloat32s("tokenizer.ggml.scores", vocabulary.Scores);
        }
        else
        {
            writer.AddStrings("tokenizer.ggml.merges", vocabulary.Merges);
        }

        writer.AddInt32s("tokenizer.ggml.token_type", vocabulary.Types);
        AddId("bos", vocabulary.BosId);
        AddId("eos", vocabulary.EosId);
        AddId("unknown", vocabulary.UnknownId);
        AddId("padding", vocabulary.PaddingId);
        if (vocabulary.Merges is null)
        {
            writer.AddBoolean("tokenizer.ggml.add_bos_token", true);
            writer.AddBoolean("tokenizer.ggml.add_eos_token", false);
            writer.AddBoolean("tokenizer.ggml.add_space_prefix", vocabulary.AddsSpacePrefix ?? true);
        }

        if (templates.Usual is { } usual)
        {
            writer.AddString("tokenizer.chat_template", usual);
        }

        if (templates.WithTools is { } withTools)
        {
            writer.AddString("tokenizer.chat_template.tool_use", withTools);
        }

        void AddId(string name, int? id)
        {
            if (id is { } known)
            {
                writer.AddUInt32($"tokenizer.ggml.{name}_token_id", (uint)known);
            }
        }
    }

    public static List<ImportTensor> CollectTensors(TensorCollector collector, LanguageConfig config, int vocabularySize)
    {
        var tensors = new List<ImportTensor>();
        var keyValueWidth = config.KeyValueHeads * config.HeadSize;
        var queryWidth = config.Heads * config.HeadSize;
        var permutedHead = config.PermutesHeads ? config.HeadSize : 0;
        AddMatrix("model.embed_tokens.weight", "token_embd.weight", vocabularySize, config.Width);
        AddVector("model.norm.weight", "output_norm.weight", config.Width);
        if (!config.TiedOutput)
        {
            AddMatrix("lm_head.weight", "output.weight", vocabularySize, config.Width);
        }

        for (var layer = 0; layer < config.Layers; layer++)
        {
            var (from, to) = ($"model.layers.{layer}.", $"blk.{layer}.");
            AddVector(from + "input_layernorm.weight", to + "attn_norm.weight", config.Width);
            AddLinear(from + "self_attn.q_proj", to + "attn_q", queryWidth, config.Width, permutedHead);
            AddLinear(from + "self_attn.k_proj", to + "attn_k", keyValueWidth, config.Width, permutedHead);
            AddLinear(from + "self_attn.v_proj", to + "attn_v", keyValueWidth, config.Width);
            AddLinear(from + "self_attn.o_proj", to + "attn_output", config.Width, queryWidth);
            AddVector(from + "post_attention_layernorm.weight", to + "ffn_norm.weight", config.Width);
            AddLinear(from + "mlp.gate_proj", to + "ffn_gate", config.FeedForward, config.Width);
            AddLinear(from + "mlp.up_proj", to + "ffn_up", config.FeedForward, config.Width);
            AddLinear(from + "mlp.down_proj", to + "ffn_down", config.Width, config.FeedForward);
        }

        // A tied checkpoint may hold the matrix twice; older ones hold rotation tables.
        collector.Ignore(name => name == "lm_head.weight" || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal));
        return tensors;

        void AddLinear(string from, string to, int outputs, int inputs, int permutedHeadSize = 0)
        {
            AddMatrix(from + ".weight", to + ".weight", outputs, inputs, permutedHeadSize);
            if (collector.Contains(from + ".bias"))
            {
                AddVector(from + ".bias", to + ".bias", outputs, permutedHeadSize);
            }
        }

        void AddMatrix(string from, string to, int outputs, int inputs, int permutedHeadSize = 0) =>
            tensors.Add(new ImportTensor(to, collector.Take(from, outputs, inputs), TensorType.F32, permutedHeadSize));

        void AddVector(string from, string to, int width, int permutedHeadSize = 0) =>
            tensors.Add(new ImportTensor(to, collector.Take(from, width), TensorType.F32, permutedHeadSize));
    }
}
