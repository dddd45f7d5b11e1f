using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Tokens with their attributes, the index from text to id, and the bytes that each id stands for. Built once per model, immutable, any thread.
/// </summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> index;
    private readonly TokenAttributes[] attributes;
    private readonly byte[] bytes;
    private readonly int[] starts;
    private readonly bool[] endsGeneration;

    /// <param name="data">Checked by the caller: distinct texts, ids inside the vocabulary.</param>
    /// <param name="decode">The bytes of a token's text in output.</param>
    public Vocabulary(VocabularyData data, Func<string, TokenAttributes, byte[]> decode)
    {
        Data = data;
        Texts = [.. data.Texts];
        var ids = new Dictionary<string, int>(Texts.Length, StringComparer.Ordinal);
        for (var id = 0; id < Texts.Length; id++)
        {
            if (Texts[id].Length == 0)
            {
                Texts[id] = $"[EMPTY_{id}]";
            }

            ids.TryAdd(Texts[id], id);
            LongestTextChars = Math.Max(LongestTextChars, Texts[id].Length);
        }

        index = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        attributes = new TokenAttributes[Texts.Length];
        Array.Fill(attributes, TokenAttributes.Normal);
        data.Attributes.CopyTo(attributes, 0);
        endsGeneration = new bool[Texts.Length];
        AttributeMarker.Apply(data, FindToken, attributes, endsGeneration);
        FillTokens = new FillTokens(AttributeMarker.FillOf(data, FindToken, 0), AttributeMarker.FillOf(data, FindToken, 1), AttributeMarker.FillOf(data, FindToken, 2));

        starts = new int[Texts.Length + 1];
        using var buffer = new MemoryStream();
        for (var id = 0; id < Texts.Length; id++)
        {
            buffer.Write(decode(Texts[id], attributes[id]));
            starts[id + 1] = (int)buffer.Length;
            LongestTokenBytes = Math.Max(LongestTokenBytes, starts[id + 1] - starts[id]);
        }

        bytes = buffer.ToArray();
    }

    public VocabularyData Data { get; }

    public string[] Texts { get; }

    public int Count => Texts.Length;

    /// <summary>In UTF-16 code units, in the notation of the file.</summary>
    public int LongestTextChars { get; }

    public int LongestTokenBytes { get; }

    public FillTokens FillTokens { get; }

    public TokenAttributes GetAttributes(int id) => attributes[id];

    public bool Has(int id, TokenAttributes any) => (attributes[id] & any) != 0;

    public int FindToken(string text) => index.TryGetValue(text, out var id) ? id : -1;

    /// <summary>
    /// The token that a piece of text merges to, or -1. Control tokens are never the result of merging: they are matched before, where the caller
    /// allows it, so text that a user wrote cannot become one. (llama.cpp can build them here in vocabularies that have all their parts.)
    /// </summary>
    public int FindMerged(ReadOnlySpan<char> text) =>
        text.Length <= LongestTextChars && index.TryGetValue(text, out var id) && !Has(id, TokenAttributes.Control | TokenAttributes.Unknown)
            ? id
            : -1;

    public ReadOnlySpan<byte> GetBytes(int id, bool special) =>
        !special && Has(id, TokenAttributes.Control | TokenAttributes.Unknown) ? default : bytes.AsSpan(starts[id]..starts[id + 1]);

    public bool IsEndOfGeneration(int id) => (uint)id < (uint)endsGeneration.Length && endsGeneration[id];

    /// <summary>UTF-8 of a token text that is written out as it stands.</summary>
    public static byte[] Plain(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The byte of a token named <c>&lt;0xXX&gt;</c>, or -1.</summary>
    public static int ByteOf(string text) =>
        text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
        && char.IsAsciiHexDigit(text[3]) && char.IsAsciiHexDigit(text[4])
            ? Convert.ToInt32(text.Substring(3, 2), 16)
            : -1;
}
