namespace LlavaServer.Inference.Prompting.Jinja;

/// <content>Lists and mappings.</content>
internal static partial class JinjaFilters
{
    /// <summary>Characters of an attribute's path: names of fields are short.</summary>
    private const int LongestPath = 256;

    private static object? WithoutCase(object? key, JinjaArguments arguments) =>
        key is JinjaText ? Text(key, arguments).Map(static s => s.ToLowerInvariant()) : key;

    private static List<object?> Items(object? value, JinjaArguments arguments) => value is null ? [] : JinjaValues.Items(value, arguments.Budget);

    private static List<object?> Counted(List<object?> items, JinjaArguments arguments)
    {
        arguments.Budget.Steps(items.Count);
        return items;
    }

    private static object? Item(object? value, JinjaArguments arguments, bool fromEnd)
    {
        var items = value is JinjaList list ? list.Items : JinjaValues.Items(value, arguments.Budget);
        if (items.Count > 0)
        {
            return items[fromEnd ? items.Count - 1 : 0];
        }

        return JinjaUndefined.Instance;
    }

    /// <summary><c>a.b.0</c> of a value; undefined where there is none.</summary>
    private static object? Attribute(object? item, object? path, JinjaBudget budget)
    {
        switch (path)
        {
            case long:
                return JinjaMembers.At(item, path, budget);
            case JinjaText { Length: > LongestPath }:
                throw JinjaFault.Value("an attribute is too long");
            case JinjaText text:
                foreach (var name in text.Value.Split('.', 16))
                {
                    item = long.TryParse(name, out var index) && item is JinjaList
                        ? JinjaMembers.At(item, index, budget)
                        : JinjaMembers.At(item, JinjaText.Of(name), budget);
                }

                return item;
            default:
                throw JinjaFault.Value("an attribute must be a string or an integer");
        }
    }

    private static List<object?> Attributes(List<object?> items, object? attribute, JinjaArguments arguments) =>
        attribute is JinjaUndefined or null ? items : Counted([.. items.Select(i => Attribute(i, attribute, arguments.Budget))], arguments);

    private static object? Reverse(object? value, JinjaArguments arguments)
    {
        var items = Items(value, arguments);
        items.Reverse();
        return value is JinjaText ? JinjaTexts.Join(items, JinjaText.Empty, arguments.Budget) : new JinjaList(items);
    }

    // Strings are compared without case unless asked otherwise; equal ones keep their order.
    private static JinjaList Sort(object? value, JinjaArguments arguments)
    {
        var attribute = arguments.Get(2, "attribute");
        var keeps = arguments.Flag(1, "case_sensitive");
        object? KeyOf(object? item)
        {
            var key = attribute is JinjaUndefined or null ? item : Attribute(item, attribute, arguments.Budget);
            return keeps ? key : WithoutCase(key, arguments);
        }

        return new JinjaList(Ordered(Items(value, arguments), KeyOf, arguments.Flag(0, "reverse"), arguments.Budget));
    }

    private static JinjaList DictSort(object? value, JinjaArguments arguments)
    {
        if (value is not JinjaMap map)
        {
            throw JinjaFault.Value($"a {JinjaValues.KindOf(value)} cannot be sorted as a mapping");
        }

        var keeps = arguments.Flag(0, "case_sensitive");
        var place = arguments.OptionalText(1, "by")?.Value == "value" ? 1 : 0;
        object? KeyOf(object? pair) =>
            keeps ? ((JinjaList)pair!).Items[place] : WithoutCase(((JinjaList)pair!).Items[place], arguments);

        return new JinjaList(Ordered(Counted(JinjaMethods.Pairs(map), arguments), KeyOf, arguments.Flag(2, "reverse"), arguments.Budget));
    }

    private static List<object?> Ordered(List<object?> items, Func<object?, object?> keyOf, bool isReversed, JinjaBudget budget)
    {
        var order = Comparer<object?>.Create((a, b) => JinjaValues.Compare(a, b, budget));
        try
        {
            return isReversed ? [.. items.OrderByDescending(keyOf, order)] : [.. items.OrderBy(keyOf, order)];
        }
        catch (InvalidOperationException exception) when (exception.InnerException is JinjaFault fault)
        {
            throw fault;
        }
    }

    private static JinjaList Unique(object? value, JinjaArguments arguments)
    {
        var keeps = arguments.Flag(0, "case_sensitive");
        var attribute = arguments.Get(1, "attribute");
        var seen = new JinjaMap();
        var others = new List<object?>();
        var unique = new List<object?>();
        foreach (var item in Items(value, arguments))
        {
            var key = attribute is JinjaUndefined or null ? item : Attribute(item, attribute, arguments.Budget);
            key = keeps ? key : WithoutCase(key, arguments);
            if (key is JinjaText or long or double or bool or null ? seen.TryGet(key, out _) : others.Exists(o => JinjaValues.AreEqual(o, key, arguments.Budget)))
            {
                continue;
            }

            unique.Add(item);
            if (key is JinjaText or long or double or bool or null)
            {
                seen.Set(key, true);
            }
            else
            {
                others.Add(key);
            }
        }

        return new JinjaList(unique);
    }

    private static object? Extreme(object? value, JinjaArguments arguments, int sign)
    {
        var attribute = arguments.Get(1, "attribute");
        object? best = JinjaUndefined.Instance;
        object? bestKey = null;
        foreach (var item in Items(value, arguments))
        {
            var key = attribute is JinjaUndefined or null ? item : Attribute(item, attribute, arguments.Budget);
            if (best is JinjaUndefined || JinjaValues.Compare(key, bestKey, arguments.Budget) * sign > 0)
            {
                (best, bestKey) = (item, key);
            }
        }

        return best;
    }

    private static object? Sum(object? value, JinjaArguments arguments)
    {
        var sum = arguments.Has(1, "start") ? arguments.Get(1, "start") : 0L;
        foreach (var item in Attributes(Items(value, arguments), arguments.Get(0, "attribute"), arguments))
        {
            sum = JinjaArithmetic.Apply("+", sum, item, arguments.Budget);
        }

        return sum;
    }

    private static JinjaList Batch(object? value, JinjaArguments arguments)
    {
        var size = (int)Math.Clamp(arguments.Integer(0, "linecount", 1), 1, int.MaxValue);
        return new JinjaList([.. Items(value, arguments).Chunk(size).Select(c => new JinjaList([.. c]))]);
    }

    private static JinjaList Map(object? value, JinjaArguments arguments)
    {
        var items = Items(value, arguments);
        var attribute = arguments.Get(-1, "attribute");
        if (attribute is not JinjaUndefined)
        {
            var standard = arguments.Get(-1, "default");
            return new JinjaList([.. items.Select(i => Attribute(i, attribute, arguments.Budget) is var found && found is JinjaUndefined ? standard : found)]);
        }

        var name = arguments.Text(0, "filter").Value;
        var filter = Find(name) ?? throw JinjaFault.Value($"the filter '{name}' is not supported");
        var rest = arguments.Skip(1);
        return new JinjaList([.. Counted(items, arguments).Select(i => filter(i, rest))]);
    }

    private static JinjaList Select(object? value, JinjaArguments arguments, bool hasAttribute, bool keeps)
    {
        var attribute = hasAttribute ? arguments.Require(0, "attribute") : null;
        var rest = hasAttribute ? arguments.Skip(1) : arguments;
        JinjaFilter test = static (item, _) => JinjaValues.IsTrue(item);
        if (rest.Positional.Count > 0)
        {
            var name = rest.Text(0, "test").Value;
            test = JinjaTests.Find(name) ?? throw JinjaFault.Value($"the test '{name}' is not supported");
            rest = rest.Skip(1);
        }

        return new JinjaList([.. Items(value, arguments)
            .Where(i => JinjaValues.IsTrue(test(hasAttribute ? Attribute(i, attribute, rest.Budget) : i, rest)) == keeps)]);
    }
}
