namespace LlavaServer.Models.Import;

/// <summary>
/// Sizes of the language model out of a checkpoint's `text_config`. Settings that a file leaves out have the defaults of the Hugging Face classes, which
/// published LLaVA checkpoints rely on.
/// </summary>
internal sealed record LanguageConfig(
    string Architecture, int Width, int FeedForward, int Layers, int Heads, int KeyValueHeads, int HeadSize, int Context, float Epsilon,
    float RopeBase, bool TiedOutput, JsonFile? RopeScaling, int? BosTokenId, int? EosTokenId)
{
    /// <summary>llama.cpp rotates neighbouring pairs in `llama` files, so query and key rows are reordered.</summary>
    public bool PermutesHeads => Architecture == "llama";

    public static LanguageConfig Read(JsonFile config)
    {
        var text = config.FindObject("text_config") ?? config;
        var type = text.FindString("model_type") ?? "llama";
        var isMistral = type is "mistral" or "llava_mistral";
        var architecture = type switch
        {
            "llama" or "llava" or "llava_llama" or "mistral" or "llava_mistral" => "llama",
            "qwen2" or "llava_qwen" => "qwen2",
            _ => throw text.Wrong("model_type", "llama, mistral or qwen2"),
        };
        if (text.FindString("hidden_act") is not (null or "silu"))
        {
            throw text.Wrong("hidden_act", "silu");
        }

        var width = text.GetInt32("hidden_size", 4_096, 1, 65_536);
        var heads = text.GetInt32("num_attention_heads", 32, 1, 1_024);
        if (text.Find("head_dim") is null && width % heads != 0)
        {
            throw text.Wrong("num_attention_heads", "a divisor of hidden_size");
        }

        var keyValueHeads = text.GetInt32("num_key_value_heads", isMistral ? 8 : heads, 1, heads);
        var headSize = text.GetInt32("head_dim", width / heads, 2, 1_024);
        if (heads % keyValueHeads != 0 || headSize % 2 != 0)
        {
            throw text.Wrong("num_key_value_heads", "a divisor of num_attention_heads, with an even head size");
        }

        var rope = text.FindObject("rope_parameters") ?? text.FindObject("rope_scaling");
        return new LanguageConfig(
            architecture,
            width,
            text.GetInt32("intermediate_size", isMistral ? 14_336 : 11_008, 1, 1 << 20),
            text.GetInt32("num_hidden_layers", 32, 1, 1_024),
            heads,
            keyValueHeads,
            headSize,
            text.GetInt32("max_position_embeddings", 2_048, 1, 1 << 24),
            text.GetSingle("rms_norm_eps", 1e-6f, 1e-20f, 0.1f),
            rope?.GetSingle("rope_theta", RopeTheta(text), 1, 1e12f) ?? RopeTheta(text),
            text.FindBoolean("tie_word_embeddings") ?? false,
            rope,
            FindTokenId(text, config, "bos_token_id"),
            FindTokenId(text, config, "eos_token_id"));
    }

    private static float RopeTheta(JsonFile text) => text.GetSingle("rope_theta", 10_000, 1, 1e12f);

    private static int? FindTokenId(JsonFile text, JsonFile config, string key)
    {
        foreach (var file in (ReadOnlySpan<JsonFile>)[text, config])
        {
            switch (file.Find(key))
            {
                case { ValueKind: System.Text.Json.JsonValueKind.Number }:
                    return file.GetInt32(key, 0, 0, 1 << 20);
                case { ValueKind: System.Text.Json.JsonValueKind.Array } several when several.GetArrayLength() > 0 && several[0].TryGetInt32(out var first):
                    return first;
            }
        }

        return null;
    }
}
