namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Methods of strings, lists and mappings, as Python names them.</summary>
internal static partial class JinjaMethods
{
    /// <summary>The method, bound to its value, or null.</summary>
    public static JinjaFunction? Find(object? target, string name)
    {
        Func<JinjaArguments, object?>? method = target switch
        {
            JinjaText text => Counted(text, OfText(text, name)),
            JinjaList list => OfList(list, name),
            JinjaMap { IsNamespace: false } map => OfMap(map, name),
            _ => null,
        };
        return method is null ? null : new JinjaFunction(name, method);
    }

    // Every method of a string may look at all of it.
    private static Func<JinjaArguments, object?>? Counted(JinjaText text, Func<JinjaArguments, object?>? method) => method is null ? null : a =>
    {
        a.Budget.Text(text.Length);
        return method(a);
    };

    private static Func<JinjaArguments, object?>? OfMap(JinjaMap map, string name) => name switch
    {
        "get" => a => map.TryGet(Key(a), out var value) ? value : a.Has(1, "default") ? a.Get(1, "default") : null,
        "keys" => a => Counted(map, a, [.. map.Entries.Select(e => e.Key)]),
        "values" => a => Counted(map, a, [.. map.Entries.Select(e => e.Value)]),
        "items" => a => Counted(map, a, Pairs(map)),
        "copy" => a => Update(new JinjaMap(), a, map),
        "pop" => a => map.Remove(Key(a), out var value) ? value : a.Get(1, "default"),
        "setdefault" => a =>
        {
            if (!map.TryGet(Key(a), out var value))
            {
                map.Set(Key(a), value = a.Has(1, "default") ? a.Get(1, "default") : null);
            }

            return value;
        }
        ,
        "update" => a =>
        {
            foreach (var (key, value) in a.Named)
            {
                map.Set(key, value);
            }

            if (a.Positional is [JinjaMap other, ..])
            {
                Update(map, a, other);
            }

            return null;
        }
        ,
        _ => null,
    };

    private static object? Key(JinjaArguments arguments)
    {
        var key = arguments.Require(0, "key");
        arguments.Budget.Text((key as JinjaText)?.Length ?? 0);
        return key;
    }

    /// <summary>Keys and values as tuples.</summary>
    public static List<object?> Pairs(JinjaMap map) => [.. map.Entries.Select(e => new JinjaList([e.Key, e.Value], isTuple: true))];

    private static JinjaMap Update(JinjaMap target, JinjaArguments arguments, JinjaMap source)
    {
        arguments.Budget.Steps(source.Count);
        foreach (var (key, value) in source.Entries.ToArray())
        {
            target.Set(key, value);
        }

        return target;
    }

    private static JinjaList Counted(JinjaMap map, JinjaArguments arguments, List<object?> items)
    {
        arguments.Budget.Steps(map.Count);
        return new JinjaList(items);
    }

    private static Func<JinjaArguments, object?>? OfList(JinjaList list, string name) => name switch
    {
        "append" => a =>
        {
            list.Items.Add(a.Get(0, "item"));
            return null;
        }
        ,
        "extend" => a =>
        {
            list.Items.AddRange(JinjaValues.Items(a.Require(0, "items"), a.Budget));
            return null;
        }
        ,
        "insert" => a =>
        {
            a.Budget.Steps(list.Items.Count);
            list.Items.Insert((int)Math.Clamp(a.Integer(0, "index", 0) is var i && i < 0 ? i + list.Items.Count : i, 0, list.Items.Count), a.Get(1, "item"));
            return null;
        }
        ,
        "pop" => a =>
        {
            a.Budget.Steps(list.Items.Count);
            var index = a.Integer(0, "index", -1);
            index += index < 0 ? list.Items.Count : 0;
            if (index < 0 || index >= list.Items.Count)
            {
                throw JinjaFault.Value("pop: no such item");
            }

            var item = list.Items[(int)index];
            list.Items.RemoveAt((int)index);
            return item;
        }
        ,
        "index" => a => list.Items.FindIndex(i => JinjaValues.AreEqual(i, a.Get(0, "item"), a.Budget)) is var index && index >= 0
            ? (long)index
            : throw JinjaFault.Value("index: no such item"),
        "count" => a => (long)list.Items.Count(i => JinjaValues.AreEqual(i, a.Get(0, "item"), a.Budget)),
        "reverse" => a =>
        {
            a.Budget.Steps(list.Items.Count);
            list.Items.Reverse();
            return null;
        }
        ,
        _ => null,
    };
}
