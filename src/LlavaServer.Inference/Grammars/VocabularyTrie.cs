using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// The tokens of a vocabulary as a trie over their bytes, in preorder: a walk is one pass over the arrays, and a branch that is ruled out is one jump.
/// Immutable, any thread; one for each loaded model. Tokens without bytes are not in it, control tokens have none.
/// </summary>
internal sealed class VocabularyTrie
{
    private readonly List<byte> _bytes = [];
    private readonly List<int> _depths = [];
    private readonly List<int> _ends = [];
    private readonly List<int> _firstTokens = [];
    private readonly int[] _tokens;
    private readonly List<int> _endTokens = [];
    private readonly ITokenizer _tokenizer;
    private readonly IReadOnlyList<int> _shown;
    private readonly int _longest;

    /// <param name="tokenizer">Of the model.</param>
    /// <param name="shown">Control tokens that have bytes all the same.</param>
    public VocabularyTrie(ITokenizer tokenizer, IReadOnlyList<int>? shown = null)
    {
        _tokenizer = tokenizer;
        _shown = shown ?? [];
        var texts = new byte[tokenizer.VocabularySize][];
        for (var id = 0; id < texts.Length; id++)
        {
            if (tokenizer.IsEndOfGeneration(id))
            {
                _endTokens.Add(id);
                texts[id] = [];
            }
            else
            {
                texts[id] = BytesOf(id).ToArray();
            }
        }

        _tokens = [.. Enumerable.Range(0, texts.Length).Where(id => texts[id].Length > 0)];
        Array.Sort(_tokens, (x, y) => texts[x].AsSpan().SequenceCompareTo(texts[y]));
        Build(texts);
        VocabularySize = texts.Length;
        _longest = _depths.Count > 0 ? _depths.Max() + 1 : 0;
    }

    public int VocabularySize { get; }

    public int MaskLength => (VocabularySize + 63) / 64;

    public ReadOnlySpan<byte> BytesOf(int tokenId) => _tokenizer.GetBytes(tokenId, special: _shown.Contains(tokenId));

    public bool EndsGeneration(int tokenId) => _tokenizer.IsEndOfGeneration(tokenId);

    /// <summary>Sets the bit of every token that the automaton takes after a state; stops, with the bits so far, when the work is more than a step may cost.</summary>
    public void Mark(GrammarAutomaton automaton, GrammarState state, long maxWork, ulong[] mask)
    {
        if (state.Accepts)
        {
            _endTokens.ForEach(id => Set(mask, id));
        }

        var stop = automaton.Work + maxWork;
        var path = new GrammarState[_longest + 1];
        path[0] = state;
        for (var node = 0; node < _bytes.Count && automaton.Work < stop;)
        {
            var next = automaton.Step(path[_depths[node]], _bytes[node]);
            if (next == GrammarAutomaton.Dead)
            {
                node = _ends[node];
                continue;
            }

            path[_depths[node] + 1] = next;
            for (var i = _firstTokens[node]; i < _firstTokens[node + 1]; i++)
            {
                Set(mask, _tokens[i]);
            }

            node++;
        }
    }

    private static void Set(ulong[] mask, int tokenId) => mask[tokenId >> 6] |= 1ul << (tokenId & 63);

    private void Build(byte[][] texts)
    {
        var path = new List<int>();
        byte[] previous = [];
        for (var i = 0; i < _tokens.Length; i++)
        {
            var text = texts[_tokens[i]];
            var common = previous.AsSpan().CommonPrefixLength(text);
            Close(path, common);
            for (var depth = common; depth < text.Length; depth++)
            {
                path.Add(_bytes.Count);
                _bytes.Add(text[depth]);
                _depths.Add(depth);
                _ends.Add(0);
                _firstTokens.Add(i);
            }

            previous = text;
        }

        Close(path, 0);
        _firstTokens.Add(_tokens.Length);
    }

    private void Close(List<int> path, int depth)
    {
        for (var i = path.Count - 1; i >= depth; i--)
        {
            _ends[path[i]] = _bytes.Count;
        }

        path.RemoveRange(depth, path.Count - depth);
    }
}
