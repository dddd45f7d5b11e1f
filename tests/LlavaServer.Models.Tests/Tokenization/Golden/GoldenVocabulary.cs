using System.Text;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization.Golden;

/// <summary>
/// The vocabularies of the golden test, learnt from its own sentences in every run. Scores and merges hold ties, gaps and unreachable entries on
/// purpose; pieces cross words and lines.
/// </summary>
internal static class GoldenVocabulary
{
    private const int Merges = 900;

    /// <summary>Names of the variants, in the order of the golden file.</summary>
    public static readonly string[] Variants = ["spm", "spm-no-prefix", "llama-bpe", "qwen2", "gpt-2", "default"];

    private static readonly string[] Control = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<|eot_id|>", "<image>"];
    private static readonly string[] UserDefined = ["<|user|>", "<tool>", "\n\n\n", "    ", "\t\t", "abab", "ab"];

    private static readonly Lazy<string[]> Pieces = new(LearnPieces);
    private static readonly Lazy<(string Left, string Right)[]> ByteMerges = new(LearnByteMerges);

    public static GgufMetadata Metadata(string variant)
    {
        var metadata = new GgufMetadata();
        foreach (var (key, value) in Values(variant))
        {
            metadata.Set(key, value);
        }

        return metadata;
    }

    /// <summary>Keys and values of the variant, for a file or for the tokenizer directly.</summary>
    public static IEnumerable<(string Key, object Value)> Values(string variant) =>
        variant.StartsWith("spm", StringComparison.Ordinal) ? SentencePiece(addSpace: variant == "spm") : Bpe(variant);

    private static IEnumerable<(string Key, object Value)> SentencePiece(bool addSpace)
    {
        string[] special = ["<unk>", .. Control, .. UserDefined];
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")];
        string[] pieces = [.. Pieces.Value.Except(special).Except(bytes)];
        int[] types =
        [
            2, .. Control.Select(_ => 3), .. UserDefined.Select(_ => 4), .. bytes.Select(_ => 6), .. pieces.Select((_, i) => i % 97 == 96 ? 5 : 1),
        ];
        // Every third piece shares its score with the next, so ties must be broken by position.
        float[] scores = [.. special.Concat(bytes).Select(_ => 0f), .. pieces.Select((_, i) => -(float)(i - (i % 3 == 1 ? 1 : 0)))];
        yield return ("tokenizer.ggml.model", "llama");
        yield return ("tokenizer.ggml.tokens", (string[])[.. special, .. bytes, .. pieces]);
        yield return ("tokenizer.ggml.scores", scores);
        yield return ("tokenizer.ggml.token_type", types);
        yield return ("tokenizer.ggml.bos_token_id", 1u);
        yield return ("tokenizer.ggml.eos_token_id", 2u);
        yield return ("tokenizer.ggml.unknown_token_id", 0u);
        yield return ("tokenizer.ggml.add_space_prefix", addSpace);
        yield return ("tokenizer.ggml.add_eos_token", !addSpace);
    }

    private static IEnumerable<(string Key, object Value)> Bpe(string variant)
    {
        string[] special = [.. Control, .. UserDefined];
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToChar((byte)value).ToString())];
        // Some results of merges are no tokens, and some bytes neither: those fall apart or vanish.
        string[] merged = [.. ByteMerges.Value.Select(pair => pair.Left + pair.Right).Distinct().Where((_, i) => i % 53 != 52)];
        string[] texts = [.. special.Concat(bytes.Where((_, i) => i is not (0x7F or 0xF7))).Concat(merged).Append("\u0120unreachable\u0120whole").Distinct()];
        yield return ("tokenizer.ggml.model", "gpt2");
        yield return ("tokenizer.ggml.pre", variant);
        yield return ("tokenizer.ggml.tokens", texts);
        yield return ("tokenizer.ggml.token_type", (int[])[.. texts.Select(text => Control.Contains(text) ? 3 : UserDefined.Contains(text) ? 4 : 1)]);
        yield return ("tokenizer.ggml.merges", (string[])[.. ByteMerges.Value.Select(pair => $"{pair.Left} {pair.Right}")]);
        yield return ("tokenizer.ggml.bos_token_id", 0u);
        yield return ("tokenizer.ggml.eos_token_id", 1u);
        yield return ("tokenizer.ggml.add_bos_token", variant is "llama-bpe" or "gpt-2");
    }

    private static string[] LearnPieces()
    {
        var words = GoldenText.Sentences.Concat(GoldenText.Snippets).SelectMany(text => Words(" " + text.Replace('\0', ' ')))
            .Select(word => (string[])[.. word.Replace(' ', '\u2581').EnumerateRunes().Select(rune => rune.ToString())]).ToArray();
        var learnt = PieceTrainer.Learn(words, 2 * Merges).Select(pair => pair.Left + pair.Right);
        // Rare characters stay without a piece, so that the byte tokens have work.
        var characters = words.SelectMany(word => word).CountBy(text => text).Where(entry => entry.Value > 1).Select(entry => entry.Key);
        return [.. learnt.Concat(["\u2581\u2581", "\u2581\u2581\u2581\u2581", "e\u2581t", ".\u2581", "\n\n"]).Concat(characters).Distinct()];
    }

    private static (string Left, string Right)[] LearnByteMerges()
    {
        var words = GoldenText.Sentences.Concat(GoldenText.Snippets).SelectMany(Words).Select(word =>
            (string[])[.. Encoding.UTF8.GetBytes(word).Select(value => ByteAlphabet.ToChar(value).ToString())]);
        (string, string)[] extra =
        [
            ("1", "2"), ("12", "3"), ("123", "4"), ("3", "4"), (".", "."), ("..", "."), ("\u010A", "\u010A"), ("\u0120", "\u0120"), ("\u0120\u0120", "\u0120"), ("a", "a"), ("aa", "aa"),
            ("=", "="), ("==", "=="), ("x", "unused"),
        ];
        var learnt = PieceTrainer.Learn(words, Merges);
        learnt.InsertRange(learnt.Count / 3, extra);
        return [.. learnt.Distinct()];
    }

    /// <summary>Before every space a word begins; every seventh goes on, so that some pieces hold a space.</summary>
    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == ' ' && i % 7 != 0)
            {
                yield return text[start..i];
                start = i;
            }
        }

        yield return text[start..];
    }
}
