using System.Text;

namespace LlavaServer.Inference.Tools;

/// <summary>
/// Takes the calls out of an answer's text as it arrives: text that may turn out to be the beginning of a call waits, as white space in front of one does.
/// One choice of an answer, on the thread that reads it.
/// </summary>
internal sealed class ToolCallReader(CallPlan plan)
{
    private readonly CallScanner _calls = new(plan.Syntax);
    private readonly StringBuilder _held = new();
    private readonly List<TokenLogProbability> _heldTokens = [];
    private readonly byte[] _utf8 = new byte[4];
    private int _state = plan.Opening.Start;
    private bool _isInCalls;

    /// <summary>The update as a caller sees it; null when there is nothing to see yet.</summary>
    public GenerationUpdate? Read(GenerationUpdate update)
    {
        var text = "";
        if (update.Tokens is { } tokens && !_isInCalls)
        {
            _heldTokens.AddRange(tokens);
        }

        var isFirstCall = !_isInCalls;
        if (isFirstCall)
        {
            text = ReadText(update.Text);
        }
        else
        {
            ReadCalls(update.Text);
        }

        if (update.FinishReason is not null && !_isInCalls)
        {
            text += Release(_held.Length);
        }

        var calls = _isInCalls ? _calls.Drain() : null;
        if (text.Length == 0 && calls is null && update.FinishReason is null && update.Usage is null)
        {
            return null;
        }

        return update with
        {
            Text = text,
            Tokens = update.Tokens is null ? null : TokensOf(text),
            ToolCalls = calls,
            FinishReason = update.FinishReason == FinishReason.Stop && _calls is { Count: > 0, IsInCall: false } ? FinishReason.ToolCalls : update.FinishReason,
        };
    }

    // The text that may leave; what follows the beginning of a call is read as calls.
    private string ReadText(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            _held.Append(text, at, length);
            at += length;
            foreach (var value in _utf8.AsSpan(0, rune.EncodeToUtf8(_utf8)))
            {
                _state = plan.Opening.Next(_state, value);
                if (_state < 0)
                {
                    var released = EndText(plan.Opening.Found(_state));
                    ReadCalls(text[at..]);
                    return released;
                }
            }
        }

        return Release(_held.Length - HeldLength());
    }

    private void ReadCalls(string text)
    {
        foreach (var character in text)
        {
            _calls.Take(character);
        }
    }

    private string EndText(string found)
    {
        _isInCalls = true;
        if (found.Length > 0)
        {
            // The whole answer is the call, and its name is read.
            _held.Clear();
            _calls.Begin(found);
            return "";
        }

        var text = _held.ToString();
        var marker = plan.Syntax.Markers.First(m => text.EndsWith(m, StringComparison.Ordinal));
        _held.Length -= marker.Length;
        return Release(_held.ToString().TrimEnd().Length);
    }

    // Characters that must wait: a beginning of a call, and white space in front of it.
    private int HeldLength()
    {
        var bytes = plan.Opening.Held(_state);
        var length = 0;
        for (var at = _held.Length - 1; at >= 0 && bytes > 0; at--)
        {
            bytes -= _held[at] switch { < '\x80' => 1, < '\x800' => 2, >= '\xD800' and < '\xE000' => 2, _ => 3 };
            length++;
        }

        while (length < _held.Length && char.IsWhiteSpace(_held[_held.Length - length - 1]))
        {
            length++;
        }

        return length;
    }

    private string Release(int length)
    {
        if (_heldTokens.Count > 0 && !_isInCalls)
        {
            length = WholeTokens(length);
        }

        var text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }

    private int WholeTokens(int length)
    {
        var whole = 0;
        foreach (var token in _heldTokens)
        {
            if (whole + token.Text.Length > length)
            {
                break;
            }

            whole += token.Text.Length;
        }

        return whole;
    }

    // The tokens of text that leaves. The one in which a call begins is cut there.
    private List<TokenLogProbability> TokensOf(string text)
    {
        var tokens = new List<TokenLogProbability>();
        var length = 0;
        var count = 0;
        while (count < _heldTokens.Count && length + _heldTokens[count].Text.Length <= text.Length)
        {
            length += _heldTokens[count].Text.Length;
            tokens.Add(_heldTokens[count++]);
        }

        if (length < text.Length)
        {
            var rest = text[length..];
            tokens.Add(_heldTokens[count] with { Text = rest, Bytes = Encoding.UTF8.GetBytes(rest) });
        }

        _heldTokens.RemoveRange(0, _isInCalls ? _heldTokens.Count : count);
        return tokens;
    }
}
