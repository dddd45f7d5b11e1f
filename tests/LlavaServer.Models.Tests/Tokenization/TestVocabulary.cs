using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tests.Tokenization;

/// <summary>Small vocabularies written out by hand.</summary>
internal static class TestVocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>SPM: unk, s, /s, 256 byte tokens, then <paramref name="pieces"/> with falling scores.</summary>
    public static GgufMetadata SentencePiece(params string[] pieces)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];
        return Create(
            ("model", "llama"),
            ("tokens", (string[])["<unk>", "<s>", "</s>", .. bytes, .. pieces]),
            ("scores", (float[])[0, 0, 0, .. bytes.Select(_ => 0f), .. pieces.Select((_, i) => -1f - i)]),
            ("token_type", (int[])[2, 3, 3, .. bytes.Select(_ => 6), .. pieces.Select(_ => 1)]));
    }

    /// <summary>BPE: the given tokens and merges.</summary>
    public static GgufMetadata Bpe(string pre, string[] tokens, string[] merges) =>
        Create(("model", "gpt2"), ("pre", pre), ("tokens", tokens), ("merges", merges), ("bos_token_id", 0u), ("eos_token_id", 0u));

    public static GgufMetadata Create(params (string Key, object Value)[] values)
    {
        var metadata = new GgufMetadata();
        return metadata.With(values);
    }

    public static GgufMetadata With(this GgufMetadata metadata, params (string Key, object Value)[] values)
    {
        foreach (var (key, value) in values)
        {
            metadata.Set(key.Contains('.') ? key : Prefix + key, value);
        }

        return metadata;
    }
}
