using System.Globalization;
using System.Text;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Reads llama.cpp's grammar notation GBNF. Errors name line and column. Used by one compilation.
/// </summary>
internal sealed class GbnfParser
{
    /// <summary>As in llama.cpp.</summary>
    private const int MaxRepeats = 2000;

    private readonly string _text;
    private readonly GrammarBudget _budget;
    private readonly GrammarRules _rules = new();
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal) { ["root"] = GrammarRules.Root };
    private readonly Dictionary<string, int> _usedAt = new(StringComparer.Ordinal) { ["root"] = 0 };
    private int _at;
    private int _depth;

    private GbnfParser(string text, GrammarBudget budget)
    {
        _text = text;
        _budget = budget;
    }

    /// <exception cref="GrammarException">Not GBNF, or over a limit.</exception>
    public static GrammarRules Parse(string text, GrammarBudget budget)
    {
        budget.CheckBytes(Encoding.UTF8.GetByteCount(text));
        var parser = new GbnfParser(text, budget);
        parser.SkipSpace(acrossLines: true);
        while (parser._at < text.Length)
        {
            parser.Rule();
        }

        foreach (var (name, number) in parser._numbers)
        {
            if (!parser._rules.IsDefined(number))
            {
                parser._at = parser._usedAt[name];
                throw parser.Error($"the rule '{name}' is not defined");
            }
        }

        return parser._rules;
    }

    private void Rule()
    {
        var start = _at;
        var name = Name() ?? throw Error("the name of a rule is expected");
        SkipSpace(acrossLines: false);
        if (!_text.AsSpan(_at).StartsWith("::="))
        {
            throw Error("'::=' is expected");
        }

        _at += 3;
        SkipSpace(acrossLines: true);
        var number = NumberOf(name, start);
        if (_rules.IsDefined(number))
        {
            _at = start;
            throw Error($"the rule '{name}' is defined twice");
        }

        _rules.Define(number, Alternatives(isNested: false));
        if (_at < _text.Length && _text[_at] is not ('\n' or '\r'))
        {
            throw Error("the end of the line is expected");
        }

        SkipSpace(acrossLines: true);
    }

    private GrammarExpression Alternatives(bool isNested)
    {
        _budget.CheckDepth(++_depth, "A group of the grammar");
        var alternatives = new List<GrammarExpression> { Sequence(isNested) };
        while (Current == '|')
        {
            _at++;
            SkipSpace(acrossLines: true);
            alternatives.Add(Sequence(isNested));
        }

        _depth--;
        return GrammarExpression.AnyOf(alternatives);
    }

    private GrammarExpression Sequence(bool isNested)
    {
        var items = new List<GrammarExpression>();
        while (true)
        {
            _budget.AddPart();
            if (Item() is not { } item)
            {
                return GrammarExpression.Of(items);
            }

            SkipSpace(isNested);
            items.Add(Repeated(item, isNested));
        }
    }

    private GrammarExpression? Item()
    {
        switch (Current)
        {
            case '"':
                return Literal();
            case '[':
                return new GrammarExpression.Characters(Class());
            case '.':
                _at++;
                return new GrammarExpression.Characters(CharacterSet.Any);
            case '(':
                _at++;
                SkipSpace(acrossLines: true);
                var group = Alternatives(isNested: true);
                if (Current != ')')
                {
                    throw Error("')' is expected");
                }

                _at++;
                return group;
            case '<' or '!':
                throw Error("tokens in a grammar are not supported; write their text");
            default:
                var start = _at;
                return Name() is { } name ? new GrammarExpression.Reference(NumberOf(name, start)) : null;
        }
    }

    private GrammarExpression Repeated(GrammarExpression item, bool isNested)
    {
        while (Current is '*' or '+' or '?' or '{')
        {
            var sign = _text[_at++];
            item = sign switch
            {
                '*' => GrammarExpression.Many(item),
                '+' => GrammarExpression.Many(item, 1),
                '?' => GrammarExpression.Optional(item),
                _ => Counted(item),
            };
            SkipSpace(isNested);
        }

        return item;
    }

    private GrammarExpression Counted(GrammarExpression item)
    {
        SkipSpace(acrossLines: false);
        var min = Number();
        SkipSpace(acrossLines: false);
        int? max = min;
        if (Current == ',')
        {
            _at++;
            SkipSpace(acrossLines: false);
            max = char.IsAsciiDigit(Current) ? Number() : null;
            SkipSpace(acrossLines: false);
        }

        if (Current != '}' || max < min)
        {
            throw Error("a repetition is {m}, {m,} or {m,n} with m not above n");
        }

        _at++;
        return GrammarExpression.Many(item, min, max);
    }

    private int Number()
    {
        var start = _at;
        while (char.IsAsciiDigit(Current))
        {
            _at++;
        }

        return int.TryParse(_text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxRepeats
            ? number
            : throw Error($"a number of repetitions up to {MaxRepeats} is expected");
    }

    private GrammarExpression.Literal Literal()
    {
        _at++;
        var text = new StringBuilder();
        while (Current != '"')
        {
            text.Append(new Rune(Character()).ToString());
        }

        _at++;
        return new GrammarExpression.Literal(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private CharacterSet Class()
    {
        _at++;
        var isNegated = Current == '^';
        _at += isNegated ? 1 : 0;
        var ranges = new List<(int, int)>();
        while (Current != ']')
        {
            var low = Character();
            var high = low;
            if (Current == '-' && _at + 1 < _text.Length && _text[_at + 1] != ']')
            {
                _at++;
                high = Character();
            }

            ranges.Add(low <= high ? (low, high) : throw Error("a range goes from the lower to the higher character"));
            _budget.AddPart();
        }

        _at++;
        var set = CharacterSet.Of(ranges);
        return isNegated ? set.Negate() : set;
    }

    // One character of a literal or class, its escape resolved.
    private int Character()
    {
        if (_at >= _text.Length || _text[_at] is '\n' or '\r')
        {
            throw Error("a literal or class is not closed on its line");
        }

        if (_text[_at] != '\\')
        {
            if (Rune.DecodeFromUtf16(_text.AsSpan(_at), out var rune, out var length) != System.Buffers.OperationStatus.Done)
            {
                throw Error("a lone surrogate is not a character");
            }

            _at += length;
            return rune.Value;
        }

        _at++;
        var escape = Current;
        _at++;
        return escape switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' or '"' or '[' or ']' or '-' or '^' => escape,
            'x' => Hexadecimal(2),
            'u' => Hexadecimal(4),
            'U' => Hexadecimal(8),
            _ => throw Error("an escape is one of \\n \\r \\t \\\\ \\\" \\[ \\] \\x \\u \\U"),
        };
    }

    private int Hexadecimal(int digits)
    {
        if (_at + digits <= _text.Length
            && int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            && Rune.IsValid(value))
        {
            _at += digits;
            return value;
        }

        throw Error($"{digits} hexadecimal digits of a character are expected");
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private string? Name()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '_')
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : null;
    }

    private int NumberOf(string name, int place)
    {
        if (!_numbers.TryGetValue(name, out var number))
        {
            _numbers.Add(name, number = _rules.Declare(name));
            _usedAt.Add(name, place);
        }

        return number;
    }

    private void SkipSpace(bool acrossLines)
    {
        while (Current is ' ' or '\t' or '#' || (acrossLines && Current is '\n' or '\r'))
        {
            if (Current == '#')
            {
                var end = _text.AsSpan(_at).IndexOfAny('\r', '\n');
                _at = end < 0 ? _text.Length : _at + end;
            }
            else
            {
                _at++;
            }
        }
    }

    private GrammarException Error(string what)
    {
        var line = 1 + _text.AsSpan(0, _at).Count('\n');
        var column = _at - _text.AsSpan(0, _at).LastIndexOf('\n');
        return new GrammarException($"Line {line}, column {column}: {what}.");
    }
}
