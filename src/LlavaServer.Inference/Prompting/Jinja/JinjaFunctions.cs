using System.Collections.Frozen;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Functions that every template can call.</summary>
internal static class JinjaFunctions
{
    private static readonly FrozenDictionary<string, JinjaFunction> s_all = new Dictionary<string, Func<JinjaArguments, object?>>
    {
        ["range"] = Range,
        ["namespace"] = static arguments => Map(arguments, isNamespace: true),
        ["dict"] = static arguments => Map(arguments, isNamespace: false),
        ["raise_exception"] = static arguments =>
            throw new JinjaFault(JinjaError.Raised, JinjaValues.ToText(arguments.Get(0, "message"), arguments.Budget).Value),
    }.ToFrozenDictionary(static f => f.Key, static f => new JinjaFunction(f.Key, f.Value));

    public static JinjaFunction? Find(string name) => s_all.GetValueOrDefault(name);

    private static JinjaList Range(JinjaArguments arguments)
    {
        var first = JinjaValues.Integer(arguments.Require(0, "start"));
        var (start, stop) = arguments.Has(1, "stop") ? (first, arguments.Integer(1, "stop", 0)) : (0, first);
        var step = arguments.Integer(2, "step", 1);
        if (step == 0)
        {
            throw JinjaFault.Value("the step of a range is zero");
        }

        var count = Int128.Max(0, step > 0
            ? ((Int128)stop - start + step - 1) / step
            : ((Int128)start - stop - step - 1) / -(Int128)step);
        arguments.Budget.Steps((long)Int128.Min(count, long.MaxValue / 2));
        var items = new List<object?>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            items.Add(start + (i * step));
        }

        return new JinjaList(items);
    }

    private static JinjaMap Map(JinjaArguments arguments, bool isNamespace)
    {
        var map = new JinjaMap(isNamespace);
        if (arguments.Positional is [JinjaMap source, ..])
        {
            arguments.Budget.Steps(source.Count);
            foreach (var (key, value) in source.Entries)
            {
                map.Set(key, value);
            }
        }

        foreach (var (key, value) in arguments.Named)
        {
            map.Set(key, value);
        }

        return map;
    }
}
