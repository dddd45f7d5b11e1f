namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Operators on values, as Python's; overflow of 64 bits is an error.</summary>
internal static class JinjaArithmetic
{
    public static object? Sign(object? value, bool isMinus) => value switch
    {
        long.MinValue when isMinus => throw JinjaFault.Value("a number is too large"),
        double number => (object)(isMinus ? -number : number),
        long or bool when JinjaValues.Integer(value) is var number => isMinus ? -number : number,
        _ => throw JinjaFault.Value($"a {JinjaValues.KindOf(value)} has no sign"),
    };

    public static object? Apply(string symbol, object? left, object? right, JinjaBudget budget)
    {
        try
        {
            return symbol switch
            {
                "~" => Join(left, right, budget),
                "+" => Add(left, right, budget),
                "*" when left is JinjaText or JinjaList => Repeat(left, right, budget),
                "*" when right is JinjaText or JinjaList => Repeat(right, left, budget),
                "%" when left is JinjaText format => JinjaFormat.Percent(format, right, budget),
                _ => Numbers(symbol, left, right),
            };
        }
        catch (OverflowException)
        {
            throw JinjaFault.Value("a number is too large");
        }
    }

    private static JinjaText Join(object? left, object? right, JinjaBudget budget) => new JinjaTextBuilder(budget)
        .Append(JinjaValues.ToText(left, budget)).Append(JinjaValues.ToText(right, budget)).ToText();

    // A string with none, undefined or a number joins, as in llama.cpp; Python would refuse, and templates are written for both.
    private static object? Add(object? left, object? right, JinjaBudget budget)
    {
        if (left is JinjaText || right is JinjaText)
        {
            return Join(left, right, budget);
        }

        if (left is JinjaList first && right is JinjaList second)
        {
            budget.Steps(first.Items.Count + second.Items.Count);
            return new JinjaList([.. first.Items, .. second.Items], first.IsTuple);
        }

        return Numbers("+", left, right);
    }

    private static object Repeat(object value, object? times, JinjaBudget budget)
    {
        var count = Math.Max(0, JinjaValues.Integer(times));
        if (value is JinjaList list)
        {
            budget.Steps(checked(count * list.Items.Count));
            var items = new List<object?>();
            for (var i = 0; i < count && list.Items.Count > 0; i++)
            {
                items.AddRange(list.Items);
            }

            return new JinjaList(items, list.IsTuple);
        }

        var text = (JinjaText)value;
        budget.CheckLength(checked(count * text.Length));
        var builder = new JinjaTextBuilder(budget);
        for (var i = 0; i < count && text.Length > 0; i++)
        {
            builder.Append(text);
        }

        return builder.ToText();
    }

    private static object Numbers(string symbol, object? left, object? right)
    {
        if (left is not (long or bool or double) || right is not (long or bool or double))
        {
            throw JinjaFault.Value($"'{symbol}' does not work on a {JinjaValues.KindOf(left)} and a {JinjaValues.KindOf(right)}");
        }

        if (left is double || right is double || symbol == "/")
        {
            return Floats(symbol, JinjaValues.Number(left), JinjaValues.Number(right));
        }

        var (a, b) = (JinjaValues.Integer(left), JinjaValues.Integer(right));
        return symbol switch
        {
            "+" => (object)checked(a + b),
            "-" => checked(a - b),
            "*" => checked(a * b),
            "**" => b < 0 ? (object)Math.Pow(a, b) : Power(a, b),
            _ when b == 0 => throw JinjaFault.Value("division by zero"),
            "//" => checked(a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
            _ => b == -1 ? 0L : ((a % b) + b) % b,
        };
    }

    private static double Floats(string symbol, double a, double b) => symbol switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "**" => Math.Pow(a, b),
        _ when b == 0 => throw JinjaFault.Value("division by zero"),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        _ => a - (b * Math.Floor(a / b)),
    };

    private static long Power(long value, long exponent)
    {
        var result = 1L;
        for (var factor = value; exponent > 0; exponent >>= 1)
        {
            result = (exponent & 1) != 0 ? checked(result * factor) : result;
            factor = exponent > 1 ? checked(factor * factor) : factor;
        }

        return result;
    }
}
