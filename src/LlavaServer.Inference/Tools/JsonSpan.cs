namespace LlavaServer.Inference.Tools;

/// <summary>Follows one JSON value character by character, to tell where it ends. The value is well-formed: a grammar held it.</summary>
internal struct JsonSpan
{
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;

    /// <summary>Takes the next character. True when the value ends with it; a number ends only before the character behind it.</summary>
    public bool Take(char character)
    {
        if (_isInString)
        {
            _isInString = _isEscaped || character != '"';
            _isEscaped = !_isEscaped && character == '\\';
            return !_isInString && _depth == 0;
        }

        switch (character)
        {
            case '"':
                _isInString = true;
                return false;
            case '{' or '[':
                _depth++;
                return false;
            case '}' or ']':
                return --_depth == 0;
            default:
                return false;
        }
    }

    /// <summary>Whether the value, a number or a word, ended before this character.</summary>
    public readonly bool EndedBefore(char character) => !_isInString && _depth == 0 && character is ',' or '}';
}
