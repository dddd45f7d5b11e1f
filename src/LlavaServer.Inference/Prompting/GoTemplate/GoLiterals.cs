using System.Globalization;
using System.Numerics;
using System.Text;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Values of literals as Go writes them. Methods throw <see cref="JinjaFault"/>. Complex and hexadecimal floating numbers are not spoken here.</summary>
internal static class GoLiterals
{
    /// <summary>A number: <see cref="long"/>, or <see cref="double"/> if it has a point or an exponent.</summary>
    public static object Number(string text)
    {
        var digits = text.TrimStart('+', '-');
        var isNegative = text[0] == '-';
        var (radix, start) = digits.Length < 2 || digits[0] != '0' ? (10, 0) : (digits[1] | 0x20) switch
        {
            'x' => (16, 2),
            'o' => (8, 2),
            'b' => (2, 2),
            _ => (8, 1),
        };
        var isWhole = digits.Length > 0 && text.Length - digits.Length <= 1 && !digits.EndsWith('_') && !digits.Contains("__", StringComparison.Ordinal)
            && digits[0] != '_';
        if (isWhole && Whole(digits[start..], radix) is { } value)
        {
            value = isNegative ? -value : value;
            return value >= long.MinValue && value <= long.MaxValue ? (long)value : throw Wrong($"integer overflow: \"{text}\"");
        }

        const NumberStyles styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return digits.AsSpan().ContainsAny('.', 'e', 'E') && char.IsAsciiDigit(digits.TrimStart('.').FirstOrDefault())
            && double.TryParse(text, styles, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw Wrong($"bad number syntax: \"{text}\"");
    }

    /// <summary>A text in double quotes.</summary>
    public static string Quoted(string literal)
    {
        var bytes = new List<byte>(literal.Length);
        for (var i = 1; i < literal.Length - 1;)
        {
            Add(literal, ref i, '"', bytes);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>A character in single quotes: its number.</summary>
    public static long Character(string literal)
    {
        var bytes = new List<byte>(4);
        var i = 1;
        if (literal.Length <= 2)
        {
            throw Wrong($"malformed character constant: {literal}");
        }

        var isByte = literal[1] == '\\' && literal[2] is 'x' or (>= '0' and <= '7');
        Add(literal, ref i, '\'', bytes);
        return i != literal.Length - 1 ? throw Wrong($"malformed character constant: {literal}")
            : isByte ? bytes[0]
            : Rune.GetRuneAt(Encoding.UTF8.GetString([.. bytes]), 0).Value;
    }

    private static JinjaFault Wrong(string reason) => new(JinjaError.Syntax, reason);

    private static BigInteger? Whole(string digits, int radix)
    {
        const int longest = 64;
        var value = BigInteger.Zero;
        var count = 0;
        foreach (var digit in digits)
        {
            if (digit == '_')
            {
                continue;
            }

            var number = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (number >= radix || (value > ulong.MaxValue && count > longest))
            {
                return null;
            }

            value = value > ulong.MaxValue ? value : (value * radix) + number;
            count++;
        }

        return count > 0 ? value : radix == 8 ? BigInteger.Zero : null;
    }

    private static void Add(string literal, ref int i, char quote, List<byte> bytes)
    {
        if (literal[i] != '\\')
        {
            var end = i + (char.IsHighSurrogate(literal[i]) && i + 1 < literal.Length ? 2 : 1);
            bytes.AddRange(Encoding.UTF8.GetBytes(literal[i..end]));
            i = end;
            return;
        }

        var escape = literal[i + 1];
        i += 2;
        switch (escape)
        {
            case 'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v' or '\\':
                bytes.Add((byte)"\a\b\f\n\r\t\v\\"["abfnrtv\\".IndexOf(escape, StringComparison.Ordinal)]);
                break;
            case '"' or '\'' when escape == quote:
                bytes.Add((byte)escape);
                break;
            case 'x':
                bytes.Add((byte)Digits(literal, ref i, 2, 16));
                break;
            case >= '0' and <= '7':
                i--;
                var octal = Digits(literal, ref i, 3, 8);
                bytes.Add(octal <= byte.MaxValue ? (byte)octal : throw Wrong($"invalid syntax: {literal}"));
                break;
            case 'u' or 'U':
                var scalar = Digits(literal, ref i, escape == 'u' ? 4 : 8, 16);
                bytes.AddRange(Rune.IsValid(scalar) ? Encoding.UTF8.GetBytes(new Rune(scalar).ToString()) : throw Wrong($"invalid syntax: {literal}"));
                break;
            default:
                throw Wrong($"invalid syntax: {literal}");
        }
    }

    private static int Digits(string literal, ref int i, int count, int radix)
    {
        long value = 0;
        for (var end = i + count; i < end; i++)
        {
            var digit = i < literal.Length - 1 && char.IsAsciiHexDigit(literal[i]) ? Convert.ToInt32(literal[i].ToString(), 16) : radix;
            value = digit < radix ? (value * radix) + digit : throw Wrong($"invalid syntax: {literal}");
        }

        return value <= int.MaxValue ? (int)value : throw Wrong($"invalid syntax: {literal}");
    }
}
