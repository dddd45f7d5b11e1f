using System.Text;

namespace LlavaServer.Training.Tokenization;

/// <summary>
/// SentencePiece BPE as llama.cpp runs it: the adjacent pair with the best score is merged first, the leftmost on a tie; what no piece
/// covers falls back to bytes. Remembers words it has seen; one instance per thread.
/// </summary>
public sealed class SpmTokenizer(SpmVocabulary vocabulary)
{
    private readonly Dictionary<string, int[]> _known = new(StringComparer.Ordinal);

    /// <summary>Ids of one raw fragment, with the space in front that every fragment gets.</summary>
    public List<int> Encode(string text)
    {
        var ids = new List<int>();
        if (text.Length == 0)
        {
            return ids;
        }

        var marked = SpmVocabulary.Space + text.Replace(' ', SpmVocabulary.Space);
        for (var start = 0; start < marked.Length;)
        {
            // No learned piece holds the space mark behind its first character, so words can be encoded one by one.
            var end = marked.IndexOf(SpmVocabulary.Space, start + 1);
            end = end < 0 ? marked.Length : end;
            var word = marked[start..end];
            if (!_known.TryGetValue(word, out var pieces))
            {
                _known[word] = pieces = EncodeWord(word);
            }

            ids.AddRange(pieces);
            start = end;
        }

        return ids;
    }

    /// <summary>The text of ids without the first space; control tokens give nothing.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            var piece = vocabulary.Pieces[id];
            if (piece.Type == 6)
            {
                bytes.Add((byte)(id - 3));
            }
            else if (piece.Type == 1)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(piece.Text.Replace(SpmVocabulary.Space, ' ')));
            }
        }

        var text = Encoding.UTF8.GetString([.. bytes]);
        return text.StartsWith(' ') ? text[1..] : text;
    }

    private int[] EncodeWord(string word)
    {
        var symbols = word.EnumerateRunes().Select(r => r.ToString()).ToList();
        while (true)
        {
            var (best, at) = (float.NegativeInfinity, -1);
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                if (vocabulary.IdOf(symbols[i] + symbols[i + 1]) is var id and >= 0 && vocabulary.Pieces[id].Score > best)
                {
                    (best, at) = (vocabulary.Pieces[id].Score, i);
                }
            }

            if (at < 0)
            {
                break;
            }

            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }

        var ids = new List<int>();
        foreach (var symbol in symbols)
        {
            if (vocabulary.IdOf(symbol) is var id and >= 0)
            {
                ids.Add(id);
            }
            else
            {
                ids.AddRange(Encoding.UTF8.GetBytes(symbol).Select(SpmVocabulary.IdOfByte));
            }
        }

        return [.. ids];
    }
}
