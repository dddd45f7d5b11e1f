using System.Globalization;
using System.Numerics;

namespace LlavaServer.Inference.Grammars;

/// <summary>One end of a range of numbers.</summary>
internal readonly record struct NumberBound(decimal Value, bool IsExcluded)
{
    public NumberBound Negate() => this with { Value = -Value };

    /// <summary>The least whole number that is not below the bound.</summary>
    public BigInteger Ceiling()
    {
        var whole = decimal.Ceiling(Value);
        return new BigInteger(whole) + (IsExcluded && whole == Value ? 1 : 0);
    }

    /// <summary>The largest whole number that is not above the bound.</summary>
    public BigInteger Floor()
    {
        var whole = decimal.Floor(Value);
        return new BigInteger(whole) - (IsExcluded && whole == Value ? 1 : 0);
    }

    /// <summary>Of a bound that is not negative: the whole part, and the digits behind the point without zeros at their end.</summary>
    public (BigInteger Whole, string Digits) Split()
    {
        var text = Value.ToString(CultureInfo.InvariantCulture);
        var point = text.IndexOf('.', StringComparison.Ordinal);
        return (new BigInteger(decimal.Truncate(Value)), point < 0 ? "" : text[(point + 1)..].TrimEnd('0'));
    }
}
