using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// Cuts a template into tokens, one at a time, so that the first mistake of the text is the one that is told. White space inside actions is a token: it
/// tells a field from an argument. Throws <see cref="JinjaFault"/>. (Language: Go's text/template/parse.)
/// </summary>
internal sealed class GoLexer(string source)
{
    private const string Left = "{{";
    private const string Right = "}}";
    private const string Spaces = " \t\r\n";
    private const int MarkerLength = 2;

    private int _position;
    private int _parentheses;
    private bool _isInside;

    /// <summary>Line of the token that was read last, or of what is wrong.</summary>
    public int Line { get; private set; } = 1;

    public GoToken Next() => _isInside ? NextInside() : NextText();

    private static bool IsSpace(char character) => Spaces.Contains(character, StringComparison.Ordinal);

    private static bool IsWord(char character) => character == '_' || char.IsLetterOrDigit(character) || char.IsSurrogate(character);

    private static JinjaFault Wrong(string reason) => new(JinjaError.Syntax, reason);

    private bool At(string text, int ahead = 0) => string.CompareOrdinal(source, _position + ahead, text, 0, text.Length) == 0;

    private char Peek(int ahead = 0) => _position + ahead < source.Length ? source[_position + ahead] : '\0';

    private GoToken Take(GoTokenKind kind, int end)
    {
        var text = source[_position..end];
        var token = new GoToken(kind, text, Line);
        Line += text.AsSpan().Count('\n');
        _position = end;
        return token;
    }

    private void Skip(int end) => Take(GoTokenKind.Space, end);

    private void SkipSpaces()
    {
        var end = _position;
        while (end < source.Length && IsSpace(source[end]))
        {
            end++;
        }

        Skip(end);
    }

    private GoToken NextText()
    {
        while (_position < source.Length)
        {
            var open = source.IndexOf(Left, _position, StringComparison.Ordinal);
            if (open < 0)
            {
                return Take(GoTokenKind.Text, source.Length);
            }

            var trims = open + 3 < source.Length && source[open + 2] == '-' && IsSpace(source[open + 3]);
            var end = trims ? _position + source.AsSpan(_position, open - _position).TrimEnd(Spaces).Length : open;
            if (end > _position)
            {
                return Take(GoTokenKind.Text, end);
            }

            Skip(open);
            var marker = trims ? MarkerLength : 0;
            if (At("/*", Left.Length + marker))
            {
                SkipComment(Left.Length + marker);
                continue;
            }

            var left = Take(GoTokenKind.LeftDelimiter, _position + Left.Length);
            Skip(_position + marker);
            _isInside = true;
            _parentheses = 0;
            return left;
        }

        return new GoToken(GoTokenKind.End, "", Line);
    }

    private void SkipComment(int start)
    {
        var close = source.IndexOf("*/", _position + start + 2, StringComparison.Ordinal);
        if (close < 0)
        {
            throw Wrong("unclosed comment");
        }

        Skip(close + 2);
        var trims = AtTrimmedRight();
        if (!trims && !At(Right))
        {
            throw Wrong("comment ends before closing delimiter");
        }

        Skip(_position + (trims ? MarkerLength : 0) + Right.Length);
        if (trims)
        {
            SkipSpaces();
        }
    }

    private bool AtTrimmedRight() => IsSpace(Peek()) && Peek(1) == '-' && At(Right, MarkerLength);

    private GoToken NextInside()
    {
        var trims = AtTrimmedRight();
        if (trims || At(Right))
        {
            return Close(trims);
        }

        if (_position >= source.Length)
        {
            throw Wrong("unclosed action");
        }

        var character = Peek();
        if (IsSpace(character))
        {
            var end = _position;
            while (end < source.Length && IsSpace(source[end]))
            {
                end++;
            }

            // The last blank belongs to a trim marker that follows.
            var isMarked = end < source.Length && source[end] == '-' && string.CompareOrdinal(source, end + 1, Right, 0, Right.Length) == 0;
            return Take(GoTokenKind.Space, isMarked ? end - 1 : end);
        }

        switch (character)
        {
            case '=':
                return Take(GoTokenKind.Assign, _position + 1);
            case ':':
                return Peek(1) == '=' ? Take(GoTokenKind.Declare, _position + 2) : throw Wrong("expected :=");
            case '|':
                return Take(GoTokenKind.Pipe, _position + 1);
            case '"' or '\'':
                return Take(character == '"' ? GoTokenKind.Quoted : GoTokenKind.CharacterLiteral, EndOfQuoted(character));
            case '`':
                var close = source.IndexOf('`', _position + 1);
                return close >= 0 ? Take(GoTokenKind.RawText, close + 1) : throw Wrong("unterminated raw quoted string");
            case '$':
                return Word(GoTokenKind.Variable);
            case '.' when !char.IsAsciiDigit(Peek(1)):
                return IsWord(Peek(1)) ? Word(GoTokenKind.Field) : Word(GoTokenKind.Dot);
            case '(':
                _parentheses++;
                return Take(GoTokenKind.LeftParenthesis, _position + 1);
            case ')':
                return --_parentheses >= 0 ? Take(GoTokenKind.RightParenthesis, _position + 1) : throw Wrong("unexpected right paren");
            case '.' or '+' or '-' or (>= '0' and <= '9'):
                return Take(GoTokenKind.Number, EndOfNumber());
        }

        return IsWord(character) ? Identifier()
            : char.IsAscii(character) && !char.IsControl(character) ? Take(GoTokenKind.Character, _position + 1)
            : throw Wrong($"unrecognized character in action: U+{(int)character:X4}");
    }

    private GoToken Close(bool trims)
    {
        if (_parentheses > 0)
        {
            throw Wrong("unclosed left paren");
        }

        Skip(_position + (trims ? MarkerLength : 0));
        var right = Take(GoTokenKind.RightDelimiter, _position + Right.Length);
        if (trims)
        {
            SkipSpaces();
        }

        _isInside = false;
        return right;
    }

    private int EndOfQuoted(char quote)
    {
        for (var end = _position + 1; end < source.Length && source[end] != '\n'; end++)
        {
            if (source[end] == quote)
            {
                return end + 1;
            }

            if (source[end] == '\\' && end + 1 < source.Length && source[end + 1] != '\n')
            {
                end++;
            }
        }

        throw Wrong(quote == '"' ? "unterminated quoted string" : "unterminated character constant");
    }

    private GoToken Word(GoTokenKind kind)
    {
        var end = _position + 1;
        while (kind != GoTokenKind.Dot && end < source.Length && IsWord(source[end]))
        {
            end++;
        }

        return Terminated(Take(kind, end));
    }

    private GoToken Identifier()
    {
        var end = _position;
        while (end < source.Length && IsWord(source[end]))
        {
            end++;
        }

        var kind = source[_position..end] switch
        {
            "true" or "false" => GoTokenKind.Boolean,
            "nil" => GoTokenKind.Nil,
            "block" => GoTokenKind.Block,
            "break" => GoTokenKind.Break,
            "continue" => GoTokenKind.Continue,
            "define" => GoTokenKind.Define,
            "else" => GoTokenKind.Else,
            "end" => GoTokenKind.EndKeyword,
            "if" => GoTokenKind.If,
            "range" => GoTokenKind.Range,
            "template" => GoTokenKind.Template,
            "with" => GoTokenKind.With,
            _ => GoTokenKind.Identifier,
        };
        return Terminated(Take(kind, end));
    }

    private GoToken Terminated(GoToken word) =>
        _position >= source.Length || IsSpace(Peek()) || Peek() is '.' or ',' or '|' or ':' or ')' or '(' || At(Right)
            ? word
            : throw Wrong($"bad character '{Peek()}'");

    private int EndOfNumber()
    {
        var end = _position + (Peek() is '+' or '-' ? 1 : 0);
        while (end < source.Length && (IsWord(source[end]) || source[end] == '.' || (source[end] is '+' or '-' && IsExponent(end - 1))))
        {
            end++;
        }

        return end;
    }

    // "e" is a digit of a hexadecimal number, where "p" begins the exponent.
    private bool IsExponent(int at)
    {
        var isHex = source.AsSpan(_position, at - _position).ContainsAny('x', 'X');
        return source[at] is 'p' or 'P' || (!isHex && source[at] is 'e' or 'E');
    }
}
