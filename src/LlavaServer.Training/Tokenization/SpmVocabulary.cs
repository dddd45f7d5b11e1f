namespace LlavaServer.Training.Tokenization;

/// <summary>Pieces of a SentencePiece BPE vocabulary with scores and types (2 unknown, 3 control, 6 byte, 1 normal), ids by position.</summary>
public sealed class SpmVocabulary
{
    public const int Unknown = 0;
    public const int Begin = 1;
    public const int End = 2;
    public const char Space = '\u2581';

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary><paramref name="learned"/> are normal pieces, best first: scores fall by one from piece to piece.</summary>
    public SpmVocabulary(IEnumerable<string> learned)
    {
        var pieces = new List<SpmPiece> { new("<unk>", 0, 2), new("<s>", 0, 3), new("</s>", 0, 3) };
        for (var b = 0; b < 256; b++)
        {
            pieces.Add(new SpmPiece($"<0x{b:X2}>", 0, 6));
        }

        foreach (var piece in learned)
        {
            _ids.Add(piece, pieces.Count);
            pieces.Add(new SpmPiece(piece, 259 - pieces.Count, 1));
        }

        Pieces = pieces;
    }

    public IReadOnlyList<SpmPiece> Pieces { get; }

    /// <summary>Id of a normal piece, or -1.</summary>
    public int IdOf(string piece) => _ids.GetValueOrDefault(piece, -1);

    /// <summary>Id of the byte token of <paramref name="value"/>.</summary>
    public static int IdOfByte(byte value) => 3 + value;

    public static SpmVocabulary Load(string path) => new(File.ReadAllLines(path));

    public void Save(string path) => File.WriteAllLines(path, Pieces.Where(p => p.Type == 1).Select(p => p.Text));
}
