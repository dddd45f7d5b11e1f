using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.TestModels;

/// <summary>
/// Writes a language model with random weights that llama.cpp loads: all metadata, a vocabulary, a chat template, and the tensor types that a
/// quantization mix gives. The same arguments give the same bytes.
/// </summary>
internal static class RandomLanguageModel
{
    /// <summary>The form that LLaVA-1.5 was trained with, without a system text.</summary>
    public const string ChatTemplate =
        "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + ' ' }}{% elif message['role'] == 'user' %}" +
        "{{ 'USER: ' }}{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}" +
        "{% if part['type'] == 'image' %}{{ '<image>\n' }}{% endif %}{% endfor %}{% for part in message['content'] %}" +
        "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{{ ' ' }}{% elif message['role'] == 'assistant' %}" +
        "{{ 'ASSISTANT: ' + message['content'] + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";

    public static void Write(string path, LanguageShape shape, QuantizationMix mix, ulong seed = 1, bool pure = false)
    {
        var writer = new GgufWriter();
        AddMetadata(writer, shape, mix);
        AddTensors(shape, seed).AddTo(writer, mix, shape.Layers, shape.Heads / shape.KeyValueHeads, pure);
        writer.Write(path);
    }

    private static void AddMetadata(GgufWriter writer, LanguageShape shape, QuantizationMix mix)
    {
        var prefix = shape.Architecture + ".";
        writer.AddString("general.architecture", shape.Architecture);
        writer.AddString("general.type", "model");
        writer.AddString("general.name", shape.Name);
        writer.AddUInt32("general.quantization_version", 2);
        writer.AddUInt32("general.file_type", mix.FileType);
        writer.AddUInt32(prefix + "block_count", (uint)shape.Layers);
        writer.AddUInt32(prefix + "context_length", (uint)shape.Context);
        writer.AddUInt32(prefix + "embedding_length", (uint)shape.Width);
        writer.AddUInt32(prefix + "feed_forward_length", (uint)shape.FeedForward);
        writer.AddUInt32(prefix + "attention.head_count", (uint)shape.Heads);
        writer.AddUInt32(prefix + "attention.head_count_kv", (uint)shape.KeyValueHeads);
        writer.AddFloat32(prefix + "attention.layer_norm_rms_epsilon", shape.Epsilon);
        writer.AddFloat32(prefix + "rope.freq_base", shape.RopeBase);
        writer.AddUInt32(prefix + "rope.dimension_count", (uint)shape.HeadSize);
        writer.AddUInt32(prefix + "vocab_size", (uint)shape.Vocabulary);
        if (shape.RopeScaling is not null)
        {
            writer.AddString(prefix + "rope.scaling.type", shape.RopeScaling);
            writer.AddFloat32(prefix + "rope.scaling.factor", shape.RopeScalingFactor);
            if (shape.RopeOriginalContext > 0)
            {
                writer.AddUInt32(prefix + "rope.scaling.original_context_length", (uint)shape.RopeOriginalContext);
            }
        }

        var vocabulary = new SyntheticVocabulary(shape.Vocabulary);
        writer.AddString("tokenizer.ggml.model", "llama");
        writer.AddString("tokenizer.ggml.pre", "default");
        writer.AddStrings("tokenizer.ggml.tokens", vocabulary.Tokens);
        writer.AddFloat32s("tokenizer.ggml.scores", vocabulary.Scores);
        writer.AddInt32s("tokenizer.ggml.token_type", vocabulary.Types);
        writer.AddUInt32("tokenizer.ggml.bos_token_id", 1);
        writer.AddUInt32("tokenizer.ggml.eos_token_id", 2);
        writer.AddUInt32("tokenizer.ggml.unknown_token_id", 0);
        writer.AddBoolean("tokenizer.ggml.add_bos_token", true);
        writer.AddBoolean("tokenizer.ggml.add_eos_token", false);
        writer.AddString("tokenizer.chat_template", ChatTemplate);
    }

    private static RandomTensors AddTensors(LanguageShape shape, ulong seed)
    {
        var tensors = new RandomTensors(seed);
        var keyValueWidth = shape.KeyValueHeads * shape.HeadSize;
        tensors.Add("token_embd.weight", TensorType.F32, [shape.Width, shape.Vocabulary], 0, 0.3f);
        tensors.AddNorm("output_norm.weight", shape.Width);
        if (!shape.TiedOutput)
        {
            tensors.AddMatrix("output.weight", shape.Width, shape.Vocabulary);
        }

        if (shape.RopeFrequencies)
        {
            tensors.Add("rope_freqs.weight", TensorType.F32, [shape.HeadSize / 2], 2, 0.3f);
        }

        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var prefix = $"blk.{layer}.";
            tensors.AddNorm(prefix + "attn_norm.weight", shape.Width);
            AddLinear("attn_q", shape.Width, shape.Width, shape.HasBias);
            AddLinear("attn_k", shape.Width, keyValueWidth, shape.HasBias);
            AddLinear("attn_v", shape.Width, keyValueWidth, shape.HasBias);
            AddLinear("attn_output", shape.Width, shape.Width, false);
            tensors.AddNorm(prefix + "ffn_norm.weight", shape.Width);
            AddLinear("ffn_gate", shape.Width, shape.FeedForward, false);
            AddLinear("ffn_up", shape.Width, shape.FeedForward, false);
            AddLinear("ffn_down", shape.FeedForward, shape.Width, false);

            void AddLinear(string name, int inputs, int outputs, bool bias)
            {
                tensors.AddMatrix($"{prefix}{name}.weight", inputs, outputs);
                if (bias)
                {
                    tensors.AddBias($"{prefix}{name}.bias", outputs);
                }
            }
        }

        return tensors;
    }
}
