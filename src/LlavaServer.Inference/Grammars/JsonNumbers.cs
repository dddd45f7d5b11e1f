using System.Globalization;
using System.Numerics;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>Numbers within bounds as grammar, digit by digit.</summary>
internal static class JsonNumbers
{
    private const int MaxListed = 1000;
    private static readonly BigInteger s_largest = BigInteger.Pow(10, JsonText.MaxDigits) - 1;

    /// <summary>Whole numbers from <paramref name="min"/> to <paramref name="max"/>, both included; null is the largest number of digits.</summary>
    public static GrammarExpression Integers(BigInteger? min, BigInteger? max)
    {
        var (low, high) = (min ?? -s_largest, max ?? s_largest);
        (low, high) = (min > high ? min.Value : low, max < low ? max.Value : high);
        (low, high) = (max is null && min > 0 ? (min.Value, BigInteger.Max(high, (min.Value * 10) - 1)) : (low, high));
        (low, high) = (min is null && max < 0 ? (BigInteger.Min(low, (max.Value * 10) + 1), max.Value) : (low, high));
        if (low > high)
        {
            return Never;
        }

        var choices = new List<GrammarExpression>();
        if (low < 0)
        {
            choices.Add(Of(Text("-"), Natural(BigInteger.Max(1, -high), -low)));
        }

        if (high >= 0)
        {
            choices.Add(Natural(BigInteger.Max(0, low), high));
        }

        return AnyOf(choices);
    }

    /// <summary>Multiples of a whole number, or null when they cannot be held.</summary>
    public static GrammarExpression? Multiples(BigInteger of, BigInteger? min, BigInteger? max)
    {
        if (of.IsOne)
        {
            return Integers(min, max);
        }

        var first = min is { } low ? Ceiling(low, of) : (BigInteger?)null;
        var last = max is { } high ? -Ceiling(-high, of) : (BigInteger?)null;
        if (last - first <= MaxListed)
        {
            var choices = new List<GrammarExpression>();
            for (var i = first!.Value; i <= last; i++)
            {
                choices.Add(Text((i * of).ToString(CultureInfo.InvariantCulture)));
            }

            return AnyOf(choices);
        }

        // A power of ten: the multiple with zeros behind it, and 0 alone.
        var zeros = of.ToString(CultureInfo.InvariantCulture);
        if (zeros[0] != '1' || zeros.AsSpan(1).ContainsAnyExcept('0'))
        {
            return null;
        }

        var tail = Text(zeros[1..]);
        var positive = last is null || last > 0 ? Of(Integers(BigInteger.Max(1, first ?? 1), last), tail) : Never;
        var negative = first is null || first < 0 ? Of(Integers(first, BigInteger.Min(-1, last ?? -1)), tail) : Never;
        return AnyOf(positive, negative, !(first > 0) && !(last < 0) ? Text("0") : Never);
    }

    /// <summary>Numbers within bounds, with a point but without an exponent.</summary>
    /// <param name="min">The least, or null.</param>
    /// <param name="max">The largest, or null.</param>
    /// <param name="fractionDigits">Digits behind the point at most.</param>
    public static GrammarExpression Decimals(NumberBound? min, NumberBound? max, int fractionDigits)
    {
        var zero = new NumberBound(0, IsExcluded: false);
        var choices = new List<GrammarExpression>();
        if (max is not { } high || high.Value > 0 || high is { Value: 0, IsExcluded: false })
        {
            choices.Add(Positive(min is { Value: >= 0 } low ? low : zero, max, fractionDigits));
        }

        if (min is not { Value: >= 0 })
        {
            // Without minus zero, which is in no range that is only negative.
            var nearest = max is { Value: < 0 } last ? last.Negate() : zero with { IsExcluded = true };
            choices.Add(Of(Text("-"), Positive(nearest, min?.Negate(), fractionDigits)));
        }

        return AnyOf(choices);
    }

    private static BigInteger Ceiling(BigInteger value, BigInteger of)
    {
        var quotient = BigInteger.DivRem(value, of, out var rest);
        return rest > 0 ? quotient + 1 : quotient;
    }

    private static GrammarExpression Positive(NumberBound min, NumberBound? max, int fractionDigits)
    {
        var (low, lowDigits) = min.Split();
        var (high, highDigits) = max?.Split() ?? (BigInteger.Max(s_largest, low * 10), "");
        if (max is null)
        {
            return AnyOf(
                Of(Natural(low, low), Fraction(0, new Tight(lowDigits, "", min.IsExcluded, false), true, false, fractionDigits)),
                Of(Natural(low + 1, high), Fraction(0, new Tight("", "", false, false), false, false, fractionDigits)));
        }

        var tight = new Tight(lowDigits, highDigits, min.IsExcluded, max.Value.IsExcluded);
        if (low > high)
        {
            return Never;
        }

        if (low == high)
        {
            return Of(Natural(low, low), Fraction(0, tight, true, true, fractionDigits));
        }

        return AnyOf(
            Of(Natural(low, low), Fraction(0, tight, true, false, fractionDigits)),
            low + 1 < high ? Of(Natural(low + 1, high - 1), Fraction(0, new Tight("", "", false, false), false, false, fractionDigits)) : Never,
            Of(Natural(high, high), Fraction(0, tight, false, true, fractionDigits)));
    }

    // What may follow from digit i on, while the number is still equal to its lower or upper bound.
    private static GrammarExpression Fraction(int i, Tight tight, bool atLow, bool atHigh, int digits)
    {
        // Behind all digits of a bound that is in the range, whatever follows is in it too.
        atLow &= i < tight.Low.Length || tight.ExcludesLow;
        var choices = new List<GrammarExpression>();
        var isAboveLow = !atLow;
        var isBelowHigh = !atHigh || i < tight.High.Length || !tight.ExcludesHigh;
        if (isAboveLow && isBelowHigh)
        {
            choices.Add(Empty);
        }

        if (!atLow && !atHigh)
        {
            var more = i == 0 ? Of(Text("."), Many(JsonText.Digit, 1, digits)) : Many(JsonText.Digit, 0, digits - i);
            return digits == 0 ? Empty : i == 0 ? Optional(more) : more;
        }

        if (i < digits)
        {
            var from = atLow ? tight.LowDigit(i) : 0;
            var to = atHigh ? tight.HighDigit(i) : 9;
            var rest = new List<GrammarExpression>();
            for (var digit = from; digit <= to; digit++)
            {
                var (stillLow, stillHigh) = (atLow && digit == from, atHigh && digit == to);
                rest.Add(Of(Text(digit.ToString(CultureInfo.InvariantCulture)), Fraction(i + 1, tight, stillLow, stillHigh, digits)));
            }

            choices.Add(i == 0 ? Of(Text("."), AnyOf(rest)) : AnyOf(rest));
        }

        return AnyOf(choices);
    }

    // Natural numbers from low to high, without leading zeros.
    private static GrammarExpression Natural(BigInteger low, BigInteger high)
    {
        var choices = new List<GrammarExpression>();
        for (var from = low; from <= high;)
        {
            var digits = from.ToString(CultureInfo.InvariantCulture);
            var to = BigInteger.Min(high, BigInteger.Pow(10, digits.Length) - 1);
            choices.Add(Between(digits, to.ToString(CultureInfo.InvariantCulture)));
            from = to + 1;
        }

        return AnyOf(choices);
    }

    // Numbers of one length: the first digit's ends have their own rests, all between have every rest.
    private static GrammarExpression Between(string low, string high)
    {
        if (low.Length == 0)
        {
            return Empty;
        }

        if (low[0] == high[0])
        {
            return Of(Text(low[..1]), Between(low[1..], high[1..]));
        }

        var (first, last) = (low[0], high[0]);
        var choices = new List<GrammarExpression>();
        if (low.AsSpan(1).ContainsAnyExcept('0'))
        {
            choices.Add(Of(Text(low[..1]), Between(low[1..], new string('9', low.Length - 1))));
            first++;
        }

        var isLastWhole = !high.AsSpan(1).ContainsAnyExcept('9');
        last -= isLastWhole ? '\0' : (char)1;
        if (first <= last)
        {
            choices.Add(Of(Chars($"{first}-{last}"), Many(JsonText.Digit, low.Length - 1, low.Length - 1)));
        }

        if (!isLastWhole)
        {
            choices.Add(Of(Text(high[..1]), Between(new string('0', high.Length - 1), high[1..])));
        }

        return AnyOf(choices);
    }

    private readonly record struct Tight(string Low, string High, bool ExcludesLow, bool ExcludesHigh)
    {
        public int LowDigit(int i) => i < Low.Length ? Low[i] - '0' : 0;

        public int HighDigit(int i) => i < High.Length ? High[i] - '0' : 0;
    }
}
