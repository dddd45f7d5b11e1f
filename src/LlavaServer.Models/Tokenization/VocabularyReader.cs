using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tokenization;

/// <summary>Reads the keys under <c>tokenizer.ggml.*</c> that all kinds of vocabulary share, and refuses those that contradict each other.</summary>
internal static class VocabularyReader
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Tokens = Prefix + "tokens";
    private const string Scores = Prefix + "scores";
    private const string Types = Prefix + "token_type";

    private static readonly string[] FillKeys = ["fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep"];

    public static VocabularyData Read(GgufMetadata metadata, VocabularyDefaults defaults)
    {
        var texts = metadata.GetStrings(Tokens);
        CheckTexts(texts);
        var bos = GetEndpoint(metadata, "bos_token_id", defaults.Bos, texts.Length);
        var eos = GetEndpoint(metadata, "eos_token_id", defaults.Eos, texts.Length);
        return new VocabularyData
        {
            Texts = texts,
            Scores = GetScores(metadata, texts.Length),
            Attributes = GetAttributes(metadata, texts.Length),
            Bos = bos,
            Eos = eos,
            Unknown = GetId(metadata, "unknown_token_id", defaults.Unknown, texts.Length),
            EndOfTurn = [GetId(metadata, "eot_token_id", -1, texts.Length), GetId(metadata, "eom_token_id", -1, texts.Length)],
            Fill = [.. FillKeys.Select(key => GetId(metadata, key + "_token_id", -1, texts.Length))],
            AddsBos = metadata.GetBoolean(Prefix + "add_bos_token", defaults.AddsBos && bos >= 0) && Exists(bos, "add_bos_token", "bos_token_id"),
            AddsEos = metadata.GetBoolean(Prefix + "add_eos_token", false) && Exists(eos, "add_eos_token", "eos_token_id"),
            AddsSpacePrefix = metadata.GetBoolean(Prefix + "add_space_prefix", defaults.AddsSpacePrefix),
            SpecialTokensStripRight = IsPhi3(metadata),
        };
    }

    private static void CheckTexts(string[] texts)
    {
        if (texts.Length is 0 or > 1 << 20)
        {
            throw new GgufException($"key '{Tokens}': has {texts.Length} tokens, allowed are 1 to {1 << 20}");
        }

        var seen = new HashSet<string>(texts.Length, StringComparer.Ordinal);
        for (var id = 0; id < texts.Length; id++)
        {
            if (texts[id].Length > 0 && !seen.Add(texts[id]))
            {
                throw new GgufException($"key '{Tokens}': token {id} has the same text as another");
            }
        }
    }

    private static float[] GetScores(GgufMetadata metadata, int count)
    {
        if (!metadata.TryGetValue(Scores, out var value))
        {
            return [];
        }

        // Early converters wrote whole numbers.
        var scores = value is int[] whole ? [.. whole.Select(score => (float)score)] : metadata.GetFloat32s(Scores);
        if (scores.Length < count)
        {
            throw new GgufException($"key '{Scores}': has {scores.Length} elements for {count} tokens");
        }

        var broken = Array.FindIndex(scores, float.IsNaN);
        return broken < 0 ? scores : throw new GgufException($"key '{Scores}': score of token {broken} is not a number");
    }

    private static TokenAttributes[] GetAttributes(GgufMetadata metadata, int count)
    {
        if (!metadata.TryGetInt32s(Types, out var types))
        {
            return [];
        }

        return types.Length >= count
            ? [.. types.Take(count).Select(ToAttributes)]
            : throw new GgufException($"key '{Types}': has {types.Length} elements for {count} tokens");
    }

    private static TokenAttributes ToAttributes(int type) => type switch
    {
        1 => TokenAttributes.Normal,
        2 => TokenAttributes.Unknown,
        3 => TokenAttributes.Control,
        4 => TokenAttributes.UserDefined,
        5 => TokenAttributes.Unused,
        6 => TokenAttributes.Byte,
        _ => TokenAttributes.None,
    };

    /// <summary>Begin and end of a sequence: ids that the server itself puts into prompts, so a wrong one is refused.</summary>
    private static int GetEndpoint(GgufMetadata metadata, string key, int byDefault, int count)
    {
        var id = metadata.GetInt64(Prefix + key, byDefault < count ? byDefault : -1);
        return id >= -1 && id < count
            ? (int)id
            : throw new GgufException($"key '{Prefix}{key}': token {id} is outside the vocabulary of {count} tokens");
    }

    /// <summary>The other ids are often -1 or left over from another vocabulary; those outside do not count, as in llama.cpp.</summary>
    private static int GetId(GgufMetadata metadata, string key, int byDefault, int count)
    {
        var id = metadata.GetInt64(Prefix + key, byDefault);
        return id >= 0 && id < count ? (int)id : byDefault < count ? byDefault : -1;
    }

    private static bool Exists(int id, string wantedBy, string key) =>
        id >= 0 ? true : throw new GgufException($"key '{Prefix}{wantedBy}': asks for a token, but '{Prefix}{key}' names none");

    private static bool IsPhi3(GgufMetadata metadata)
    {
        var name = metadata.GetString("general.name", "");
        return name.Contains("phi-3", StringComparison.OrdinalIgnoreCase) || name.Contains("phi3", StringComparison.OrdinalIgnoreCase);
    }
}
