namespace LlavaServer.Models.Modelfiles;

/// <summary>
/// Reads the lines of a Modelfile. There are no escapes: a quoted value ends at the first line end before which the text ends with its mark, so quotes
/// inside a line stay as they are. One text, one thread.
/// </summary>
internal sealed class ModelfileReader(string text)
{
    private const string Unfinished = "unexpected EOF";
    private const string LongMark = "\"\"\"";

    private const string WrongCommand = "command must be one of \"from\", \"license\", \"template\", \"system\", \"adapter\", \"draft\", \"renderer\", \"parser\", "
        + "\"parameter\", \"message\", or \"requires\"";

    private const string WrongRole = "message role must be one of \"system\", \"user\", or \"assistant\"";
    private int _position;
    private int _line = 1;

    public List<ModelfileInstruction> ReadAll()
    {
        var instructions = new List<ModelfileInstruction>();
        while (SkipToInstruction())
        {
            instructions.Add(ReadInstruction());
        }

        return instructions;
    }

    private bool AtEnd => _position == text.Length;

    private char Current => text[_position];

    private bool AtLineEnd => Current is '\n' or '\r';

    private bool AtBlank => Current is ' ' or '\t';

    private bool SkipToInstruction()
    {
        while (!AtEnd)
        {
            if (Current == '#')
            {
                while (!AtEnd && !AtLineEnd)
                {
                    _position++;
                }
            }
            else if (AtLineEnd)
            {
                SkipLineEnd();
            }
            else if (AtBlank)
            {
                _position++;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private ModelfileInstruction ReadInstruction()
    {
        var line = _line;
        var word = ReadWord(static c => char.IsAsciiLetter(c));
        if (!Enum.TryParse<ModelfileInstructionKind>(word, ignoreCase: true, out var kind))
        {
            throw Wrong(line, WrongCommand);
        }

        ExpectBlank(line, WrongCommand);
        string? name = null;
        if (kind is ModelfileInstructionKind.Parameter or ModelfileInstructionKind.Message)
        {
            SkipBlanks();
            var isParameter = kind == ModelfileInstructionKind.Parameter;
            name = ReadWord(c => char.IsAsciiLetter(c) || (isParameter && (char.IsAsciiDigit(c) || c == '_')));
            if (!isParameter && name is not ("system" or "user" or "assistant"))
            {
                throw Wrong(line, WrongRole);
            }

            ExpectBlank(line, Unfinished);
        }

        return new ModelfileInstruction(kind, ReadValue(), name, line);
    }

    private string ReadWord(Predicate<char> belongs)
    {
        var begin = _position;
        while (!AtEnd && belongs(Current))
        {
            _position++;
        }

        return text[begin.._position];
    }

    private void ExpectBlank(int line, string otherwise)
    {
        if (AtEnd)
        {
            throw new ModelfileException(Unfinished);
        }

        if (!AtBlank)
        {
            throw Wrong(line, otherwise);
        }
    }

    private void SkipBlanks()
    {
        while (!AtEnd && AtBlank)
        {
            _position++;
        }
    }

    private string ReadValue()
    {
        SkipBlanks();
        var begin = _position;
        for (var lineBegin = begin; ; lineBegin = _position)
        {
            while (!AtEnd && !AtLineEnd)
            {
                _position++;
            }

            // An empty line ends nothing that the line before did not end; looking back over many of them would take long.
            var mayEnd = lineBegin == begin || !text.AsSpan(lineBegin.._position).IsWhiteSpace();
            if (mayEnd && TryUnquote(text.AsSpan(begin.._position).Trim(), out var value))
            {
                return value;
            }

            if (AtEnd)
            {
                throw new ModelfileException(Unfinished);
            }

            SkipLineEnd();
        }
    }

    private void SkipLineEnd()
    {
        _position += text.AsSpan(_position).StartsWith("\r\n") ? 2 : 1;
        _line++;
    }

    private static bool TryUnquote(ReadOnlySpan<char> written, out string value)
    {
        var mark = written.StartsWith(LongMark) ? LongMark.Length : written.StartsWith('"') ? 1 : 0;
        var isWhole = mark == 0 || (written.Length >= 2 * mark && written.EndsWith(LongMark.AsSpan(0, mark)));
        value = isWhole ? written[mark..^mark].ToString() : "";
        return isWhole;
    }

    private static ModelfileException Wrong(int line, string rule) => new($"(line {line}): {rule}");
}
