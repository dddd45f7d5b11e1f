using System.Globalization;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Translates the pattern of a JSON Schema (ECMA-262 without look-around, references and word boundaries) to a grammar of a JSON string's content. Nothing
/// is ever matched by a regular expression. Used by one compilation.
/// </summary>
internal sealed class RegexTranslator
{
    private const int MaxRepeats = 100_000;
    private static readonly CharacterSet s_digits = CharacterSet.Parse("0-9");
    private static readonly CharacterSet s_words = CharacterSet.Parse("0-9A-Za-z_");
    private static readonly CharacterSet s_spaces = CharacterSet.Of((9, 13), (32, 32));
    private static readonly CharacterSet s_notNewLine = CharacterSet.Of((10, 10), (13, 13), (0x2028, 0x2029)).Negate();
    private readonly string _pattern;
    private readonly GrammarBudget _budget;
    private int _at;
    private int _depth;

    private RegexTranslator(string pattern, GrammarBudget budget)
    {
        _pattern = pattern;
        _budget = budget;
    }

    /// <summary>The whole string: what stands before and behind an unanchored pattern is any text.</summary>
    /// <exception cref="GrammarException">The pattern cannot be translated.</exception>
    public static RegexPiece Translate(string pattern, GrammarBudget budget)
    {
        var translator = new RegexTranslator(pattern, budget);
        var piece = translator.Alternatives(isTop: true);
        return translator._at == pattern.Length ? piece : throw translator.Error("')' without '('");
    }

    private char Current => _at < _pattern.Length ? _pattern[_at] : '\0';

    private bool IsAtEnd => _at >= _pattern.Length;

    private RegexPiece Alternatives(bool isTop)
    {
        _budget.CheckDepth(++_depth, "A group of the pattern");
        var pieces = new List<RegexPiece> { Sequence(isTop) };
        while (!IsAtEnd && Current == '|')
        {
            _at++;
            pieces.Add(Sequence(isTop));
        }

        _depth--;
        return pieces.Count == 1
            ? pieces[0]
            : new RegexPiece(AnyOf([.. pieces.Select(p => p.Expression)]), pieces.Min(p => p.Min), pieces.Exists(p => p.Max is null) ? null : pieces.Max(p => p.Max));
    }

    private RegexPiece Sequence(bool isTop)
    {
        var startsHere = isTop && !IsAtEnd && Current == '^';
        _at += startsHere ? 1 : 0;
        var pieces = new List<RegexPiece>();
        var endsHere = false;
        while (!IsAtEnd && Current is not ('|' or ')'))
        {
            _budget.AddPart();
            if (isTop && Current == '$' && (_at + 1 == _pattern.Length || _pattern[_at + 1] == '|'))
            {
                _at++;
                endsHere = true;
                break;
            }

            pieces.Add(Quantified(Atom()));
        }

        var any = new RegexPiece(Many(JsonText.AnyCharacter), 0, null);
        if (isTop && !startsHere)
        {
            pieces.Insert(0, any);
        }

        if (isTop && !endsHere)
        {
            pieces.Add(any);
        }

        return pieces.Count == 1 ? pieces[0] : new RegexPiece(Of([.. pieces.Select(p => p.Expression)]), pieces.Sum(p => p.Min), Sum(pieces));
    }

    private static long? Sum(List<RegexPiece> pieces) => pieces.Exists(p => p.Max is null) ? null : pieces.Sum(p => p.Max!.Value);

    private RegexPiece Quantified(RegexPiece piece)
    {
        var (min, max) = (1, (int?)1);
        switch (Current)
        {
            case '*':
                (min, max) = (0, null);
                break;
            case '+':
                (min, max) = (1, null);
                break;
            case '?':
                (min, max) = (0, 1);
                break;
            case '{':
                (min, max) = Counted();
                _at--;
                break;
            default:
                return piece;
        }

        _at++;
        // A lazy quantifier writes the same texts.
        _at += !IsAtEnd && Current == '?' ? 1 : 0;
        if (!IsAtEnd && Current is '*' or '+' or '?' or '{')
        {
            throw Error("a quantifier behind a quantifier");
        }

        var longest = max == 0 ? 0 : piece.Max * max;
        return new RegexPiece(Many(piece.Expression, min, max), piece.Min * min, longest)
        {
            Character = piece is { Character: { } character, Min: 1, Max: 1 } ? character : null,
        };
    }

    private (int Min, int? Max) Counted()
    {
        _at++;
        var min = Number();
        int? max = min;
        if (Current == ',')
        {
            _at++;
            max = char.IsAsciiDigit(Current) ? Number() : null;
        }

        if (Current != '}' || max < min)
        {
            throw Error("a count that is not {m}, {m,} or {m,n}");
        }

        _at++;
        return (min, max);
    }

    private int Number()
    {
        var start = _at;
        while (char.IsAsciiDigit(Current))
        {
            _at++;
        }

        return int.TryParse(_pattern.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxRepeats
            ? number
            : throw Error($"a count that is no number up to {MaxRepeats}");
    }

    private RegexPiece Atom()
    {
        switch (Current)
        {
            case '(':
                return Group();
            case '[':
                return One(Class());
            case '.':
                _at++;
                return One(s_notNewLine);
            case '\\':
                return One(Escape(inClass: false));
            case '^' or '$':
                throw Error("an anchor that is not at an end of the pattern");
            case '*' or '+' or '?' or '{':
                throw Error("a quantifier behind nothing");
            default:
                return One(CharacterSet.Single(Character()));
        }
    }

    private static RegexPiece One(CharacterSet set)
    {
        var expression = JsonText.Character(set);
        return new RegexPiece(expression, 1, 1) { Character = expression };
    }

    private RegexPiece Group()
    {
        _at++;
        if (Current == '?')
        {
            if (_pattern.AsSpan(_at).StartsWith("?:"))
            {
                _at += 2;
            }
            else if (_pattern.AsSpan(_at).StartsWith("?<") && _at + 2 < _pattern.Length && char.IsAsciiLetter(_pattern[_at + 2])
                && _pattern.IndexOf('>', _at) is > 0 and var end)
            {
                _at = end + 1;
            }
            else
            {
                throw Error("look-around, which is not supported");
            }
        }

        var piece = Alternatives(isTop: false);
        if (Current != ')')
        {
            throw Error("'(' without ')'");
        }

        _at++;
        return piece with { Character = null };
    }

    private CharacterSet Class()
    {
        _at++;
        var isNegated = Current == '^';
        _at += isNegated ? 1 : 0;
        var ranges = new List<(int, int)>();
        while (Current != ']')
        {
            _budget.AddPart();
            var item = ClassItem();
            if (Current == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] != ']')
            {
                _at++;
                var end = ClassItem();
                if (item.Ranges is not [var low] || end.Ranges is not [var high] || low.Low != low.High || high.Low != high.High || low.Low > high.Low)
                {
                    throw Error("a range that does not go from the lower to the higher character");
                }

                ranges.Add((low.Low, high.Low));
            }
            else
            {
                ranges.AddRange(item.Ranges);
            }
        }

        _at++;
        var set = CharacterSet.Of(ranges);
        return isNegated ? set.Negate() : set;
    }

    private CharacterSet ClassItem()
    {
        if (IsAtEnd)
        {
            throw Error("'[' without ']'");
        }

        return Current == '\\' ? Escape(inClass: true) : CharacterSet.Single(Character());
    }

    private int Character()
    {
        if (System.Text.Rune.DecodeFromUtf16(_pattern.AsSpan(_at), out var rune, out var length) != System.Buffers.OperationStatus.Done)
        {
            throw Error("a lone surrogate");
        }

        _at += length;
        return rune.Value;
    }

    private CharacterSet Escape(bool inClass)
    {
        _at++;
        var letter = Current;
        _at++;
        return letter switch
        {
            'd' => s_digits,
            'D' => NegatedClasses.NotDigit,
            'w' => s_words,
            'W' => NegatedClasses.NotWord,
            's' => s_spaces,
            'S' => NegatedClasses.NotSpace,
            'n' => CharacterSet.Single('\n'),
            'r' => CharacterSet.Single('\r'),
            't' => CharacterSet.Single('\t'),
            'f' => CharacterSet.Single('\f'),
            'v' => CharacterSet.Single('\v'),
            'b' when inClass => CharacterSet.Single('\b'),
            'x' => CharacterSet.Single(Hexadecimal(2)),
            'u' => CharacterSet.Single(Hexadecimal(4)),
            '\0' => throw Error("an escape of nothing"),
            _ when char.IsAsciiLetterOrDigit(letter) => throw Error($"the escape \\{letter}, which is not supported"),
            _ => CharacterSet.Single(letter),
        };
    }

    private int Hexadecimal(int digits)
    {
        if (_at + digits <= _pattern.Length
            && int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            && System.Text.Rune.IsValid(value))
        {
            _at += digits;
            return value;
        }

        throw Error($"an escape without its {digits} digits");
    }

    private GrammarException Error(string what) => new($"the pattern has, at character {Math.Min(_at, _pattern.Length)}, {what}");
}
