namespace LlavaServer.TestModels;

/// <summary>
/// A SentencePiece vocabulary as Llama 2's is built: unknown, begin and end, 256 byte tokens, characters, then pieces each of which is made by merging
/// two others, with falling scores. Texts are distinct.
/// </summary>
internal sealed class SyntheticVocabulary
{
    private const string Characters = "\u2581etaoinshrdlucmfwypvbgkjqxzETAOINSHRDLUCMFWYPVBGKJQXZ0123456789.,:;!?'\"-_()[]{}<>/\\|@#$%^&*+=~`";

    public SyntheticVocabulary(int size, ulong seed = 7)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 259 + Characters.Length);
        Tokens = new string[size];
        Scores = new float[size];
        Types = new int[size];
        var known = new HashSet<string>(StringComparer.Ordinal);
        var next = 0;
        Add("<unk>", 2);
        Add("<s>", 3);
        Add("</s>", 3);
        for (var value = 0; value < 256; value++)
        {
            Add($"<0x{value:X2}>", 6);
        }

        var random = new RandomSource(seed);
        var characters = Characters.Select(character => character.ToString()).ToArray();
        var stems = new List<string>(characters[..27]);
        foreach (var letter in characters[..27])
        {
            known.Add(letter);
        }

        var pieces = new List<string>();
        while (pieces.Count < size - next - characters.Length)
        {
            // Short pieces first, so that every piece is reached by merging two shorter ones.
            var stem = stems[random.Next(stems.Count)];
            var piece = stem + characters[1 + random.Next(26)];
            if (piece.Length <= 12 && known.Add(piece))
            {
                pieces.Add(piece);
                stems.Add(piece);
            }
        }

        foreach (var piece in pieces)
        {
            Scores[next] = -(next - 259);
            Add(piece, 1);
        }

        foreach (var character in characters)
        {
            Scores[next] = -(next - 259);
            Add(character, 1);
        }

        void Add(string text, int type)
        {
            Tokens[next] = text;
            Types[next++] = type;
        }
    }

    public string[] Tokens { get; }

    public float[] Scores { get; }

    /// <summary>1 normal, 2 unknown, 3 control, 6 byte.</summary>
    public int[] Types { get; }
}
