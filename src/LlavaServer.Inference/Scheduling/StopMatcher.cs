namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Finds stop texts in an answer that arrives in pieces (Knuth, Morris, Pratt 1977, one automaton a text). Holds back only characters that may be the
/// beginning of a stop text. Owned by its sequence, on the scheduler thread; allocates only when a piece is longer than any before.
/// </summary>
internal sealed class StopMatcher
{
    private readonly string[] _texts;
    private readonly int[][] _failures;
    private readonly int[] _matched;
    private char[] _pending = new char[256];
    private int _pendingLength;
    private int _releasedLength;

    /// <summary>The stop text that ended the answer; null while none did.</summary>
    public string? Found { get; private set; }

    /// <param name="texts">Empty texts are left out.</param>
    public StopMatcher(IEnumerable<string> texts)
    {
        _texts = [.. texts.Where(t => t.Length > 0).Distinct(StringComparer.Ordinal)];
        _failures = Array.ConvertAll(_texts, Failures);
        _matched = new int[_texts.Length];
    }

    /// <summary>Takes new text. True when a stop text is complete: what is released then ends before it.</summary>
    /// <param name="text">Whole characters.</param>
    /// <param name="released">Text that may leave, valid until the next call.</param>
    public bool Append(ReadOnlySpan<char> text, out ReadOnlySpan<char> released)
    {
        DropReleased();
        if (_pendingLength + text.Length > _pending.Length)
        {
            Array.Resize(ref _pending, Math.Max(_pending.Length * 2, _pendingLength + text.Length));
        }

        foreach (var character in text)
        {
            _pending[_pendingLength++] = character;
            if (Advance(character) is { } found)
            {
                Found = found;
                released = _pending.AsSpan(0, _pendingLength - found.Length);
                _releasedLength = _pendingLength;
                return true;
            }
        }

        var end = _pendingLength - HeldLength();
        if (end > 0 && char.IsHighSurrogate(_pending[end - 1]))
        {
            end--;
        }

        released = _pending.AsSpan(0, end);
        _releasedLength = end;
        return false;
    }

    /// <summary>The text still held back, at the end of an answer that no stop text ended.</summary>
    public ReadOnlySpan<char> Flush()
    {
        DropReleased();
        _releasedLength = _pendingLength;
        return _pending.AsSpan(0, _pendingLength);
    }

    // The longest stop text that ends with this character.
    private string? Advance(char character)
    {
        string? longest = null;
        for (var t = 0; t < _texts.Length; t++)
        {
            var text = _texts[t];
            var matched = _matched[t];
            while (matched > 0 && text[matched] != character)
            {
                matched = _failures[t][matched - 1];
            }

            if (text[matched] == character)
            {
                matched++;
            }

            if (matched == text.Length)
            {
                longest = text.Length > (longest?.Length ?? 0) ? text : longest;
                matched = 0;
            }

            _matched[t] = matched;
        }

        return longest;
    }

    private int HeldLength()
    {
        var held = 0;
        foreach (var matched in _matched)
        {
            held = Math.Max(held, matched);
        }

        return held;
    }

    private void DropReleased()
    {
        _pending.AsSpan(_releasedLength, _pendingLength - _releasedLength).CopyTo(_pending);
        _pendingLength -= _releasedLength;
        _releasedLength = 0;
    }

    // Length of the longest proper prefix of the text that is also a suffix of its first i + 1 characters.
    private static int[] Failures(string text)
    {
        var failures = new int[text.Length];
        var matched = 0;
        for (var i = 1; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != text[matched])
            {
                matched = failures[matched - 1];
            }

            if (text[i] == text[matched])
            {
                matched++;
            }

            failures[i] = matched;
        }

        return failures;
    }
}
