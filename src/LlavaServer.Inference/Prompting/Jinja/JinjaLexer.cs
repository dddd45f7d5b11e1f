using System.Globalization;
using System.Text;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// Cuts a template's source into tokens, with white space treated as the Hugging Face libraries set Jinja up: <c>trim_blocks</c> (the newline after a
/// block is dropped), <c>lstrip_blocks</c> (blanks before a block on its line are), and one newline at the end of the template is.
/// </summary>
internal sealed class JinjaLexer
{
    // Longer ones first.
    private static readonly string[] s_operators =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|",
    ];

    private readonly string _name;
    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _counted;

    private JinjaLexer(string name, string source)
    {
        _name = name;
        source = source.ReplaceLineEndings("\n");
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    /// <summary>Throws <see cref="JinjaException"/> with <see cref="JinjaError.Syntax"/>.</summary>
    public static List<JinjaToken> Read(string name, string source)
    {
        var lexer = new JinjaLexer(name, source);
        lexer.ReadAll();
        lexer.Add(JinjaTokenKind.End, "");
        return lexer._tokens;
    }

    private void ReadAll()
    {
        var trimsStart = false;
        var startsLine = true;
        while (_position < _source.Length)
        {
            var open = NextOpening();
            var text = _source[_position..open];
            var kind = open < _source.Length ? _source[open + 1] : '\0';
            var sign = open + 2 < _source.Length ? _source[open + 2] : '\0';
            if (trimsStart)
            {
                text = text.TrimStart();
            }

            if (sign == '-')
            {
                text = text.TrimEnd();
            }
            else if (kind is '%' or '#' && sign != '+')
            {
                text = WithoutIndent(text, startsLine && !trimsStart);
            }

            if (text.Length > 0)
            {
                Add(JinjaTokenKind.Text, text);
            }

            _position = open;
            if (open == _source.Length)
            {
                break;
            }

            _position += sign == '-' || (sign == '+' && kind != '{') ? 3 : 2;
            trimsStart = kind switch
            {
                '#' => SkipComment(),
                '{' => ReadInside(JinjaTokenKind.ExpressionStart, "}}", JinjaTokenKind.ExpressionEnd),
                _ => ReadStatement(),
            };
            startsLine = false;
            if (kind != '{' && !trimsStart && _position < _source.Length && _source[_position] == '\n' && _source[_position - 3] != '+')
            {
                _position++;
                startsLine = true;
            }
        }
    }

    private int NextOpening()
    {
        for (var i = _position; ; i++)
        {
            i = _source.IndexOf('{', i);
            if (i < 0 || i + 1 >= _source.Length)
            {
                return _source.Length;
            }

            if (_source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }
    }

    private static string WithoutIndent(string text, bool startsLine)
    {
        var lineStart = text.LastIndexOf('\n') + 1;
        return (lineStart > 0 || startsLine) && text.AsSpan(lineStart).IsWhiteSpace() ? text[..lineStart] : text;
    }

    private bool SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Fail("a comment is not closed");
        }

        _position = end + 2;
        return end > 0 && _source[end - 1] == '-';
    }

    private bool ReadStatement()
    {
        var start = _tokens.Count;
        var trims = ReadInside(JinjaTokenKind.StatementStart, "%}", JinjaTokenKind.StatementEnd);
        if (_tokens.Count - start != 3 || !_tokens[start + 1].IsName("raw"))
        {
            return trims;
        }

        _tokens.RemoveRange(start, 3);
        return ReadRaw(trims);
    }

    private bool ReadRaw(bool trims)
    {
        for (var open = _position; (open = _source.IndexOf("{%", open, StringComparison.Ordinal)) >= 0; open += 2)
        {
            var text = _source[_position..open];
            var body = _source.AsSpan(open + 2).TrimStart("-+").TrimStart();
            if (!body.StartsWith("endraw", StringComparison.Ordinal))
            {
                continue;
            }

            var close = _source.IndexOf("%}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                break;
            }

            text = trims ? text.TrimStart() : text.StartsWith('\n') ? text[1..] : text;
            Add(JinjaTokenKind.Text, _source[open + 2] == '-' ? text.TrimEnd() : WithoutIndent(text, false));
            _position = close + 2;
            return _source[close - 1] == '-';
        }

        throw Fail("a raw block is not closed");
    }

    /// <summary>Reads to the end of a block or an expression. Returns whether white space behind it is dropped.</summary>
    private bool ReadInside(JinjaTokenKind start, string closing, JinjaTokenKind end)
    {
        Add(start, "");
        var braces = 0;
        while (true)
        {
            while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
            {
                _position++;
            }

            if (_position >= _source.Length)
            {
                throw Fail($"'{closing}' is missing");
            }

            var signed = _source[_position] is '-' or '+' && At(_position + 1, closing);
            if (braces == 0 && (signed || At(_position, closing)))
            {
                var trims = signed && _source[_position] == '-';
                Add(end, "");
                _position += signed ? 3 : 2;
                return trims;
            }

            braces += ReadOne();
        }
    }

    // Returns how many braces it opened.
    private int ReadOne()
    {
        var character = _source[_position];
        if (character is '\'' or '"')
        {
            ReadString(character);
        }
        else if (char.IsAsciiDigit(character))
        {
            ReadNumber();
        }
        else if (char.IsLetter(character) || character == '_')
        {
            var from = _position;
            while (_position < _source.Length && (char.IsLetterOrDigit(_source[_position]) || _source[_position] == '_'))
            {
                _position++;
            }

            Add(JinjaTokenKind.Name, _source[from.._position]);
        }
        else
        {
            var found = Array.Find(s_operators, o => At(_position, o)) ?? throw Fail($"unexpected character '{character}'");
            Add(JinjaTokenKind.Operator, found);
            _position += found.Length;
            return found == "{" ? 1 : found == "}" ? -1 : 0;
        }

        return 0;
    }

    private void ReadNumber()
    {
        var from = _position;
        var isFloat = false;
        while (_position < _source.Length)
        {
            var character = _source[_position];
            var startsFraction = character == '.' && !isFloat && _position + 1 < _source.Length && char.IsAsciiDigit(_source[_position + 1]);
            var startsExponent = character is 'e' or 'E' && _position + 1 < _source.Length
                && (char.IsAsciiDigit(_source[_position + 1]) || _source[_position + 1] is '-' or '+');
            if (!char.IsAsciiDigit(character) && character != '_' && !startsFraction && !startsExponent)
            {
                break;
            }

            isFloat |= startsFraction || startsExponent;
            _position += startsExponent ? 2 : 1;
        }

        Add(isFloat ? JinjaTokenKind.Float : JinjaTokenKind.Integer, _source[from.._position].Replace("_", "", StringComparison.Ordinal));
    }

    private void ReadString(char quote)
    {
        var text = new StringBuilder();
        var start = _position++;
        while (_position < _source.Length && _source[_position] != quote)
        {
            var character = _source[_position++];
            if (character != '\\' || _position == _source.Length)
            {
                text.Append(character);
                continue;
            }

            var escape = _source[_position++];
            switch (escape)
            {
                case 'n': text.Append('\n'); break;
                case 't': text.Append('\t'); break;
                case 'r': text.Append('\r'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'v': text.Append('\v'); break;
                case '0': text.Append('\0'); break;
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(escape); break;
                case 'x' or 'u': text.Append(Escaped(escape == 'x' ? 2 : 4)); break;
                default: text.Append('\\').Append(escape); break;
            }
        }

        if (_position >= _source.Length)
        {
            _position = start;
            throw Fail("a string is not closed");
        }

        Add(JinjaTokenKind.String, text.ToString(), start);
        _position++;
    }

    private char Escaped(int digits)
    {
        if (_position + digits > _source.Length
            || !ushort.TryParse(_source.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            throw Fail("an escape sequence is broken");
        }

        _position += digits;
        return (char)code;
    }

    private bool At(int position, string text) => string.CompareOrdinal(_source, position, text, 0, text.Length) == 0;

    private void Add(JinjaTokenKind kind, string text, int? at = null) => _tokens.Add(new JinjaToken(kind, text, LineOf(at ?? _position)));

    private int LineOf(int position)
    {
        if (position > _counted)
        {
            _line += _source.AsSpan(_counted, Math.Min(position, _source.Length) - _counted).Count('\n');
            _counted = position;
        }

        return _line;
    }

    private JinjaException Fail(string reason) => new(JinjaError.Syntax, _name, LineOf(_position), reason);
}
