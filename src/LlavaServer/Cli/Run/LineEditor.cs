using System.Text;

namespace LlavaServer.Cli.Run;

/// <summary>
/// Reads one line from a terminal, with history, the usual keys and bracketed paste (a pasted text may have several lines and is not sent by them).
/// Owned by one chat, used by its thread.
/// </summary>
/// <param name="keys">Where keys come from.</param>
/// <param name="output">The terminal.</param>
/// <param name="width">Its columns.</param>
/// <param name="history">Lines typed before.</param>
internal sealed class LineEditor(IKeys keys, TextWriter output, Func<int> width, LineHistory history)
{
    private const string PasteBegins = "[200~";
    private const string PasteEnds = "[201~";
    private const string SwitchPaste = "\u001b[?2004";

    private readonly StringBuilder _text = new();
    private string _prompt = "";
    private int _cursor;
    private int _cursorRow;
    private int _historyIndex;
    private string _draft = "";

    /// <summary>The line; null when the user leaves (Ctrl+D on an empty line). Ctrl+C empties the line.</summary>
    /// <param name="prompt">Stands in front of it.</param>
    /// <param name="initial">Text to be edited.</param>
    public string? Read(string prompt, string initial = "")
    {
        (_prompt, _cursorRow, _historyIndex, _draft) = (prompt, 0, history.Lines.Count, "");
        Replace(initial);
        output.Write(SwitchPaste + "h");
        Draw();
        try
        {
            while (true)
            {
                switch (Handle(keys.Read()))
                {
                    case Outcome.Sent:
                        _cursor = _text.Length;
                        Draw();
                        output.Write("\r\n");
                        history.Add(_text.ToString());
                        return _text.ToString();
                    case Outcome.Left:
                        output.Write("\r\n");
                        return null;
                }
            }
        }
        finally
        {
            output.Write(SwitchPaste + "l");
            output.Flush();
        }
    }

    private Outcome Handle(ConsoleKeyInfo key)
    {
        var isControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter when !isControl:
                return Outcome.Sent;
            case ConsoleKey.D when isControl && _text.Length == 0:
                return Outcome.Left;
            case ConsoleKey.C when isControl:
                Abandon();
                return Outcome.Open;
            case ConsoleKey.J when isControl:
                return Outcome.Sent;
            case ConsoleKey.Escape when keys.IsWaiting:
                Sequence();
                break;
            case ConsoleKey.LeftArrow:
                _cursor = isControl ? WordBefore() : Before(_cursor);
                break;
            case ConsoleKey.RightArrow:
                _cursor = isControl ? WordBehind() : Behind(_cursor);
                break;
            case ConsoleKey.B when isControl:
                _cursor = Before(_cursor);
                break;
            case ConsoleKey.F when isControl:
                _cursor = Behind(_cursor);
                break;
            case ConsoleKey.Home:
            case ConsoleKey.A when isControl:
                _cursor = 0;
                break;
            case ConsoleKey.End:
            case ConsoleKey.E when isControl:
                _cursor = _text.Length;
                break;
            case ConsoleKey.Backspace when isControl:
            case ConsoleKey.W when isControl:
                Remove(WordBefore(), _cursor);
                break;
            case ConsoleKey.Backspace:
            case ConsoleKey.H when isControl:
                Remove(Before(_cursor), _cursor);
                break;
            case ConsoleKey.Delete:
            case ConsoleKey.D when isControl:
                Remove(_cursor, Behind(_cursor));
                break;
            case ConsoleKey.U when isControl:
                Remove(0, _cursor);
                break;
            case ConsoleKey.K when isControl:
                Remove(_cursor, _text.Length);
                break;
            case ConsoleKey.L when isControl:
                output.Write("\u001b[H\u001b[2J");
                _cursorRow = 0;
                break;
            case ConsoleKey.UpArrow:
            case ConsoleKey.P when isControl:
                Recall(_historyIndex - 1);
                break;
            case ConsoleKey.DownArrow:
            case ConsoleKey.N when isControl:
                Recall(_historyIndex + 1);
                break;
            default:
                if (key.KeyChar == '\t' || (key.KeyChar != 0 && !char.IsControl(key.KeyChar)))
                {
                    Insert(key.KeyChar.ToString());
                }

                break;
        }

        if (!keys.IsWaiting)
        {
            Draw();
        }

        return Outcome.Open;
    }

    // A key that the runtime does not know, or the beginning of a paste.
    private void Sequence()
    {
        var sequence = new StringBuilder();
        while (keys.IsWaiting && sequence.Length < PasteBegins.Length)
        {
            sequence.Append(keys.Read().KeyChar);
            if (sequence.Length > 1 && char.IsAsciiLetter(sequence[^1]))
            {
                return;
            }
        }

        if (sequence.ToString() != PasteBegins)
        {
            return;
        }

        var pasted = new StringBuilder();
        while (!EndsWith(pasted, PasteEnds))
        {
            pasted.Append(keys.Read().KeyChar);
        }

        pasted.Length -= PasteEnds.Length + 1;
        Insert(pasted.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'));
    }

    private static bool EndsWith(StringBuilder text, string end) =>
        text.Length > end.Length && text[text.Length - end.Length - 1] == '\u001b' && text.ToString(text.Length - end.Length, end.Length) == end;

    private void Abandon()
    {
        _cursor = _text.Length;
        Draw();
        output.Write(_text.Length == 0 ? "\r\nUse Ctrl+D or /bye to leave.\r\n" : "^C\r\n");
        Replace("");
        _cursorRow = 0;
        Draw();
    }

    private void Recall(int index)
    {
        if (index < 0 || index > history.Lines.Count)
        {
            return;
        }

        if (_historyIndex == history.Lines.Count)
        {
            _draft = _text.ToString();
        }

        _historyIndex = index;
        Replace(index == history.Lines.Count ? _draft : history.Lines[index]);
    }

    private void Replace(string text)
    {
        _text.Clear().Append(text);
        _cursor = text.Length;
    }

    private void Insert(string text)
    {
        _text.Insert(_cursor, text);
        _cursor += text.Length;
    }

    private void Remove(int from, int to)
    {
        _text.Remove(from, to - from);
        _cursor = from;
    }

    // Characters outside the basic plane are two.
    private int Before(int position) => position == 0 ? 0 : position - (position > 1 && char.IsLowSurrogate(_text[position - 1]) ? 2 : 1);

    private int Behind(int position) => position == _text.Length ? position : position + (char.IsHighSurrogate(_text[position]) && position + 1 < _text.Length ? 2 : 1);

    private int WordBefore()
    {
        var position = _cursor;
        while (position > 0 && char.IsWhiteSpace(_text[position - 1]))
        {
            position--;
        }

        while (position > 0 && !char.IsWhiteSpace(_text[position - 1]))
        {
            position--;
        }

        return position;
    }

    private int WordBehind()
    {
        var position = _cursor;
        while (position < _text.Length && char.IsWhiteSpace(_text[position]))
        {
            position++;
        }

        while (position < _text.Length && !char.IsWhiteSpace(_text[position]))
        {
            position++;
        }

        return position;
    }

    // The whole line again, from its first row: a line may take several.
    private void Draw()
    {
        var screen = new ScreenText(_prompt, _text.ToString(), _cursor, Math.Max(2, width()));
        var commands = new StringBuilder();
        if (_cursorRow > 0)
        {
            commands.Append($"\u001b[{_cursorRow}A");
        }

        commands.Append("\r\u001b[J").Append(screen.Text);
        if (screen.EndRow > screen.CursorRow)
        {
            commands.Append($"\u001b[{screen.EndRow - screen.CursorRow}A");
        }

        commands.Append('\r');
        if (screen.CursorColumn > 0)
        {
            commands.Append($"\u001b[{screen.CursorColumn}C");
        }

        _cursorRow = screen.CursorRow;
        output.Write(commands.ToString());
        output.Flush();
    }

    private enum Outcome
    {
        Open,
        Sent,
        Left,
    }
}
