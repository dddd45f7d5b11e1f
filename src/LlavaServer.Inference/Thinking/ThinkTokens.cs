using System.Text;

namespace LlavaServer.Inference.Thinking;

/// <summary>
/// The tokens of an answer's beginning, parted as its text is: each belongs where its last character does, without what of it belongs
/// elsewhere. Those of markers, and of white space beside them, belong to neither. One choice of an answer.
/// </summary>
internal sealed class ThinkTokens
{
    private readonly Queue<TokenLogProbability> _held = new();
    private readonly List<TokenLogProbability> _thinking = [];
    private readonly List<TokenLogProbability> _content = [];
    private bool _areThere;

    // Characters of the first held token that have left, and those of them that belong to another part than the last.
    private int _left;
    private int _cut;
    private ThinkPart _part;

    public void Add(IReadOnlyList<TokenLogProbability>? tokens)
    {
        _areThere |= tokens is not null;
        foreach (var token in tokens ?? [])
        {
            _held.Enqueue(token);
        }
    }

    /// <summary>The next characters of the text belong to one part.</summary>
    public void Leave(int length, ThinkPart part)
    {
        if (part != _part && length > 0)
        {
            (_part, _cut) = (part, _left);
        }

        while (length > 0 && _held.TryPeek(out var token))
        {
            var rest = token.Text.Length - _left;
            if (length < rest)
            {
                _left += length;
                return;
            }

            length -= rest;
            Leave(_held.Dequeue(), part);
        }
    }

    /// <summary>The rest has no text.</summary>
    public void End(ThinkPart part)
    {
        while (_held.TryDequeue(out var token))
        {
            Leave(token, part);
        }
    }

    /// <summary>Those of the thoughts since the last call; null when nobody asked for tokens.</summary>
    public IReadOnlyList<TokenLogProbability>? OfThinking() => Take(_thinking);

    /// <summary>Those of the answer since the last call; null when nobody asked for tokens.</summary>
    public IReadOnlyList<TokenLogProbability>? OfContent() => Take(_content);

    private void Leave(TokenLogProbability token, ThinkPart part)
    {
        if (part != ThinkPart.Marker)
        {
            var text = token.Text[_cut..];
            (part == ThinkPart.Thinking ? _thinking : _content).Add(_cut == 0 ? token : token with { Text = text, Bytes = Encoding.UTF8.GetBytes(text) });
        }

        _left = _cut = 0;
    }

    private List<TokenLogProbability>? Take(List<TokenLogProbability> tokens)
    {
        if (!_areThere)
        {
            return null;
        }

        List<TokenLogProbability> taken = [.. tokens];
        tokens.Clear();
        return taken;
    }
}
