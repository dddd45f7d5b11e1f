using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace LlavaServer.TestModels;

/// <summary>Writes a Qwen2 checkpoint with random weights as transformers does: config.json, safetensors, tokenizer.json with a byte-level vocabulary.</summary>
internal static class TinyQwen2Checkpoint
{
    public const int Width = 64;
    public const int Layers = 2;

    /// <summary>Rows of the embedding: more than there are tokens, as Qwen's own have it.</summary>
    public const int Rows = 320;

    /// <summary>Bytes, then merged pieces, then the tokens that end texts and turns.</summary>
    public const int Bytes = 256;

    private const int KeyWidth = 32;
    private const int FeedForward = 128;
    private static readonly (string Left, string Right)[] s_merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("\u0120", "w")];
    private static readonly string[] s_special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {"architectures":["Qwen2ForCausalLM"],"model_type":"qwen2","hidden_size":{{Width}},"intermediate_size":{{FeedForward}},"num_hidden_layers":{{Layers}},
             "num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":256,"rms_norm_eps":1e-6,"rope_theta":1000000.0,"vocab_size":{{Rows}},
             "tie_word_embeddings":true,"hidden_act":"silu","bos_token_id":{{Bytes + s_merges.Length}},"eos_token_id":{{Bytes + s_merges.Length + 2}}}
            """);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """
            {"add_bos_token":false,"eos_token":"<|im_end|>","pad_token":"<|endoftext|>",
             "chat_template":"{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"}
            """);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Tokenizer().ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), Weights());
    }

    private static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        var letters = Letters();
        for (var value = 0; value < Bytes; value++)
        {
            vocabulary[letters[value].ToString()] = value;
        }

        var merges = new JsonArray();
        foreach (var (left, right) in s_merges)
        {
            vocabulary[left + right] = vocabulary.Count;
            merges.Add(new JsonArray(left, right));
        }

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. s_special.Select(static (text, i) => (JsonNode)new JsonObject { ["id"] = Bytes + s_merges.Length + i, ["content"] = text, ["special"] = true })]),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+|\\s+"}},{"type":"ByteLevel"}]}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
    }

    // GPT-2's letters for bytes: printable ones are themselves, the others come in order from U+0100 on.
    private static char[] Letters()
    {
        var others = 0;
        return [.. Enumerable.Range(0, Bytes).Select(value => value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)(0x100 + others++))];
    }

    private static byte[] Weights()
    {
        var random = new RandomSource(29);
        using var data = new MemoryStream();
        var header = new JsonObject();
        void Add(string name, float mean, float deviation, params int[] shape)
        {
            var begin = data.Length;
            var values = new Half[shape.Aggregate(1, static (product, length) => product * length)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (Half)(mean + (deviation * random.NextGaussian()));
            }

            data.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            header[name] = new JsonObject
            {
                ["dtype"] = "F16",
                ["shape"] = new JsonArray([.. shape.Select(static length => JsonValue.Create(length))]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
        }

        Add("model.embed_tokens.weight", 0, 0.3f, Rows, Width);
        Add("model.norm.weight", 1, 0.1f, Width);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            Add(prefix + "input_layernorm.weight", 1, 0.1f, Width);
            Add(prefix + "post_attention_layernorm.weight", 1, 0.1f, Width);
            foreach (var (name, rows) in ((string, int)[])[("q_proj", Width), ("k_proj", KeyWidth), ("v_proj", KeyWidth)])
            {
                Add($"{prefix}self_attn.{name}.weight", 0, 0.125f, rows, Width);
                Add($"{prefix}self_attn.{name}.bias", 0, 0.5f, rows);
            }

            Add(prefix + "self_attn.o_proj.weight", 0, 0.125f, Width, Width);
            Add(prefix + "mlp.gate_proj.weight", 0, 0.125f, FeedForward, Width);
            Add(prefix + "mlp.up_proj.weight", 0, 0.125f, FeedForward, Width);
            Add(prefix + "mlp.down_proj.weight", 0, 0.088f, Width, FeedForward);
        }

        return TinyCheckpoint.Assemble(header.ToJsonString(), data.ToArray());
    }
}
