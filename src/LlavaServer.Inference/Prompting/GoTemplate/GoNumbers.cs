using System.Globalization;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Floating-point numbers as Go's strconv writes them.</summary>
internal static class GoNumbers
{
    /// <summary>As <c>%v</c>: the fewest digits that are the number again, with an exponent below 1e-4 and from 1e6 on.</summary>
    public static string Shortest(double number, char exponent = 'e') => General(number, 6, exponent);

    /// <summary>As encoding/json: with an exponent below 1e-6 and from 1e21 on. Not finite numbers are not JSON.</summary>
    public static string Json(double number)
    {
        var size = Math.Abs(number);
        return !double.IsFinite(number) ? "null"
            : size != 0 && (size < 1e-6 || size >= 1e21) ? Exponential(number, 'e').Replace("e-0", "e-", StringComparison.Ordinal)
            : Fixed(number);
    }

    /// <summary>As <c>%e</c>, <c>%f</c> or <c>%g</c> with a precision.</summary>
    public static string Format(double number, char verb, int precision)
    {
        if (Plain(number) is { } plain)
        {
            return plain;
        }

        if (verb is 'f' or 'F')
        {
            return number.ToString($"F{precision}", CultureInfo.InvariantCulture);
        }

        if (verb is 'e' or 'E')
        {
            return WithExponent(number.ToString($"E{precision}", CultureInfo.InvariantCulture), verb);
        }

        var digits = Math.Max(1, precision);
        var rounded = double.Parse(number.ToString($"E{digits - 1}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return General(rounded, digits, verb == 'G' ? 'E' : 'e');
    }

    private static string General(double number, int limit, char exponent)
    {
        if (Plain(number) is { } plain)
        {
            return plain;
        }

        if (number == 0)
        {
            return double.IsNegative(number) ? "-0" : "0";
        }

        var power = Digits(number).Power;
        return power < -4 || power >= limit ? Exponential(number, exponent) : Fixed(number);
    }

    private static string? Plain(double number) =>
        double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? number > 0 ? "+Inf" : "-Inf" : null;

    private static string Fixed(double number)
    {
        if (number == 0)
        {
            return double.IsNegative(number) ? "-0" : "0";
        }

        var (digits, power, sign) = Digits(number);
        var point = power + 1;
        return sign + (point <= 0 ? $"0.{new string('0', -point)}{digits}"
            : point >= digits.Length ? digits + new string('0', point - digits.Length)
            : $"{digits[..point]}.{digits[point..]}");
    }

    private static string Exponential(double number, char exponent)
    {
        if (number == 0)
        {
            return $"0{exponent}+00";
        }

        var (digits, power, sign) = Digits(number);
        return $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}{exponent}{(power < 0 ? '-' : '+')}{Math.Abs(power):D2}";
    }

    // The shortest digits, the power of ten of the first one, and the sign.
    private static (string Digits, int Power, string Sign) Digits(double number)
    {
        var text = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var power = mark < 0 ? 0 : int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = mark < 0 ? text : text[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = all.Length - all.TrimStart('0').Length;
        var digits = all.Trim('0');
        return (digits.Length == 0 ? "0" : digits, power + whole - leading - 1, number < 0 ? "-" : "");
    }

    private static string WithExponent(string text, char verb)
    {
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var power = int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{text[..mark]}{verb}{(power < 0 ? '-' : '+')}{Math.Abs(power):D2}";
    }
}
