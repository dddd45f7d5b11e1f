using System.Text;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Keeps the tokens of an answer beside its text, for callers who want their probabilities: text leaves with exactly the tokens that it is made of. So it
/// is held back until all of a token's text may leave and no character is half. Owned by its sequence, on the scheduler thread.
/// </summary>
internal sealed class TokenTrail
{
    private readonly List<Entry> _waiting = [];
    private readonly StringBuilder _text = new();

    /// <summary>Takes a picked token.</summary>
    /// <param name="token">Its bytes are those that it adds to the answer; one without is left out.</param>
    /// <param name="characters">Characters that it completes.</param>
    /// <param name="endsWhole">No part of a character is left over.</param>
    public void Add(TokenLogProbability token, int characters, bool endsWhole)
    {
        if (token.Bytes.Length > 0)
        {
            _waiting.Add(new Entry(token, characters, endsWhole));
        }
    }

    /// <summary>An unfinished character became a character after all.</summary>
    public void Extend(int characters)
    {
        if (_waiting.Count > 0)
        {
            _waiting[^1] = _waiting[^1] with { Characters = _waiting[^1].Characters + characters };
        }
    }

    /// <summary>Takes text that may leave; gives that of whole tokens.</summary>
    public (string Text, TokenLogProbability[] Tokens) Release(ReadOnlySpan<char> released)
    {
        _text.Append(released);
        var (count, length, end) = (0, 0, 0);
        for (var i = 0; i < _waiting.Count && end + _waiting[i].Characters <= _text.Length; i++)
        {
            end += _waiting[i].Characters;
            if (_waiting[i].EndsWhole)
            {
                (count, length) = (i + 1, end);
            }
        }

        return Take(count, length);
    }

    /// <summary>Gives all text that is left, with the tokens that it is made of; of the last one only what was released.</summary>
    public (string Text, TokenLogProbability[] Tokens) End()
    {
        var bytes = ReleasedBytes();
        var (count, characters) = (0, 0);
        for (; count < _waiting.Count && bytes > 0; count++)
        {
            var (token, own, _) = _waiting[count];
            var kept = Math.Min(bytes, token.Bytes.Length);
            own = Math.Min(own, _text.Length - characters);
            _waiting[count] = new Entry(token with { Bytes = token.Bytes[..kept] }, own, true);
            bytes -= kept;
            characters += own;
        }

        return Take(count, _text.Length);
    }

    // Bytes that the released characters were made of. A broken character is one U+FFFD, as the decoder makes it.
    private int ReleasedBytes()
    {
        if (_text.Length == 0)
        {
            return 0;
        }

        var all = new List<byte>();
        foreach (var (token, _, _) in _waiting)
        {
            all.AddRange(token.Bytes.Span);
        }

        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all);
        var length = 0;
        for (var characters = 0; characters < _text.Length && length < bytes.Length;)
        {
            Rune.DecodeFromUtf8(bytes[length..], out var rune, out var consumed);
            length += consumed;
            characters += rune.Utf16SequenceLength;
        }

        return length;
    }

    private (string Text, TokenLogProbability[] Tokens) Take(int count, int length)
    {
        var text = _text.ToString(0, length);
        var tokens = new TokenLogProbability[count];
        var start = 0;
        for (var i = 0; i < count; i++)
        {
            var (token, characters, _) = _waiting[i];
            tokens[i] = token with { Text = text.Substring(start, characters) };
            start += characters;
        }

        _waiting.RemoveRange(0, count);
        _text.Remove(0, length);
        return (text, tokens);
    }

    private readonly record struct Entry(TokenLogProbability Token, int Characters, bool EndsWhole);
}
