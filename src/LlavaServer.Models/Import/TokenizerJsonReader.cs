using System.Text.Json;

namespace LlavaServer.Models.Import;

/// <summary>
/// Reads `tokenizer.json` (Hugging Face tokenizers, model type BPE) for checkpoints without `tokenizer.model`. A vocabulary with byte fallback is a
/// converted SentencePiece one, whose scores are given back by the order of its merges; one with a byte-level pre-tokenizer is a `gpt2` vocabulary.
/// </summary>
internal static class TokenizerJsonReader
{
    private const long MaxBytes = 256 << 20;

    public static ImportedVocabulary? TryRead(CheckpointFiles files, int size)
    {
        var file = JsonFile.TryRead(files, "tokenizer.json", MaxBytes);
        if (file is null)
        {
            return null;
        }

        var model = file.FindObject("model") ?? throw file.Wrong("model", "an object");
        if (model.FindString("type") is not (null or "BPE"))
        {
            throw model.Wrong("type", "BPE");
        }

        var merges = ReadMerges(model);
        var isSentencePiece = model.FindBoolean("byte_fallback") == true;
        var vocabulary = new ImportedVocabulary(size)
        {
            Model = isSentencePiece ? "llama" : "gpt2",
            PreTokenizer = isSentencePiece ? null : FindPreTokenizer(file),
        };
        var pieces = model.FindObject("vocab") ?? throw model.Wrong("vocab", "an object");
        foreach (var piece in pieces.Properties)
        {
            vocabulary.Set(pieces.GetInt32(piece.Name, -1, 0, size - 1), piece.Name, 0, TypeOf(piece.Name, isSentencePiece));
        }

        if (isSentencePiece)
        {
            ScoreByMerges(vocabulary, merges);
            vocabulary.UnknownId = vocabulary.Find(model.FindString("unk_token") ?? "<unk>");
            if (vocabulary.UnknownId is { } unknown)
            {
                vocabulary.Types[unknown] = ImportedVocabulary.Unknown;
            }
        }
        else
        {
            vocabulary.Merges = [.. merges.Select(merge => $"{merge.Left} {merge.Right}")];
        }

        ReadAddedTokens(file, vocabulary);
        return vocabulary;
    }

    private static int TypeOf(string text, bool isSentencePiece) =>
        isSentencePiece && text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' && char.IsAsciiHexDigit(text[3])
            && char.IsAsciiHexDigit(text[4])
            ? ImportedVocabulary.Byte
            : ImportedVocabulary.Normal;

    /// <summary>The first merge that makes a piece has the piece's place in the original order of scores.</summary>
    private static void ScoreByMerges(ImportedVocabulary vocabulary, List<(string Left, string Right)> merges)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (left, right) in merges)
        {
            ranks.TryAdd(left + right, ranks.Count);
        }

        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            if (vocabulary.Types[id] == ImportedVocabulary.Normal)
            {
                vocabulary.Scores[id] = -(ranks.TryGetValue(vocabulary.Tokens[id], out var rank) ? rank : ranks.Count + id);
            }
        }
    }

    private static List<(string Left, string Right)> ReadMerges(JsonFile model)
    {
        var merges = new List<(string, string)>();
        if (model.Find("merges") is not { ValueKind: JsonValueKind.Array } list)
        {
            throw model.Wrong("merges", "a list");
        }

        foreach (var item in list.EnumerateArray())
        {
            // Older files join the two by a space, newer ones have pairs.
            string[] pair = item.ValueKind switch
            {
                JsonValueKind.String => item.GetString()!.Split(' ', 2),
                JsonValueKind.Array => [.. item.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString()! : string.Empty)],
                _ => [],
            };
            merges.Add(pair is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : throw model.Wrong("merges", "a list of pairs"));
        }

        return merges;
    }

    private static void ReadAddedTokens(JsonFile file, ImportedVocabulary vocabulary)
    {
        if (file.Find("added_tokens") is not { ValueKind: JsonValueKind.Array } list)
        {
            return;
        }

        foreach (var item in list.EnumerateArray())
        {
            var token = item.ValueKind == JsonValueKind.Object ? JsonFile.Parse("tokenizer.json: added_tokens", JsonSerializer.SerializeToUtf8Bytes(item)) : null;
            var id = token?.GetInt32("id", -1, 0, int.MaxValue) ?? -1;
            if (id >= 0 && id < vocabulary.Tokens.Length && token!.FindString("content") is { Length: > 0 } text
                && vocabulary.Types[id] != ImportedVocabulary.Unknown)
            {
                vocabulary.Set(id, text, -1_000, token.FindBoolean("special") == true ? ImportedVocabulary.Control : ImportedVocabulary.UserDefined);
            }
        }
    }

    /// <summary>The two byte-level families that LLaVA models use differ in how many digits one piece may have.</summary>
    private static string FindPreTokenizer(JsonFile file)
    {
        var rule = file.Find("pre_tokenizer")?.GetRawText() ?? string.Empty;
        return rule.Contains("p{N}{1,3}", StringComparison.Ordinal) ? "llama-bpe"
            : rule.Contains("p{N}", StringComparison.Ordinal) ? "qwen2"
            : throw file.Wrong("pre_tokenizer", "that of Llama 3 or Qwen 2");
    }
}
