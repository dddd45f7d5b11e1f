namespace LlavaServer.Models.Import;

/// <summary>
/// A vocabulary on its way into a GGUF file: one entry per row of the embedding matrix. Entries that no tokenizer file names are `[PADn]`, unused.
/// </summary>
internal sealed class ImportedVocabulary
{
    public const int Normal = 1;
    public const int Unknown = 2;
    public const int Control = 3;
    public const int UserDefined = 4;
    public const int Unused = 5;
    public const int Byte = 6;

    public ImportedVocabulary(int size)
    {
        Tokens = new string[size];
        Scores = new float[size];
        Types = new int[size];
        for (var id = 0; id < size; id++)
        {
            Set(id, $"[PAD{id}]", -10_000, Unused);
        }
    }

    /// <summary>`llama` (SentencePiece) or `gpt2` (byte-level pairs).</summary>
    public required string Model { get; init; }

    /// <summary>Name of the rule that cuts text before pairs are merged; of byte-level vocabularies only.</summary>
    public string? PreTokenizer { get; init; }

    public string[] Tokens { get; }

    public float[] Scores { get; }

    public int[] Types { get; }

    public string[]? Merges { get; set; }

    public int? UnknownId { get; set; }

    public int? BosId { get; set; }

    public int? EosId { get; set; }

    public int? PaddingId { get; set; }

    public bool? AddsSpacePrefix { get; set; }

    public void Set(int id, string text, float score, int type)
    {
        Tokens[id] = text;
        Scores[id] = score;
        Types[id] = type;
    }

    /// <summary>The id of a token text, or null.</summary>
    public int? Find(string? text)
    {
        var index = text is null ? -1 : Array.IndexOf(Tokens, text);
        return index >= 0 ? index : null;
    }

    /// <exception cref="ImportException">Two entries have the same text, which no tokenizer could tell apart.</exception>
    public void CheckDistinct()
    {
        var known = new HashSet<string>(Tokens.Length, StringComparer.Ordinal);
        foreach (var token in Tokens)
        {
            if (!known.Add(token))
            {
                throw new ImportException($"tokenizer: the token {Gguf.GgufText.Quote(token)} occurs twice");
            }
        }
    }
}
