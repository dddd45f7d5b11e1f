namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What stands behind a dot or in brackets: entries of data and the methods of <see cref="JinjaMethods"/>, nothing of the process.</summary>
internal static class JinjaMembers
{
    /// <summary><c>value.name</c>: a method first, then an entry, as Python's Jinja.</summary>
    public static object? Get(object? target, string name) => target switch
    {
        JinjaMap { IsNamespace: true } space => space.TryGet(JinjaText.Of(name), out var value) ? value : JinjaUndefined.Instance,
        JinjaMap map => JinjaMethods.Find(map, name) ?? (map.TryGet(JinjaText.Of(name), out var value) ? value : JinjaUndefined.Instance),
        JinjaLoop loop => loop.Get(name),
        _ => JinjaMethods.Find(target, name) ?? (object)JinjaUndefined.Instance,
    };

    /// <summary><c>value[key]</c>: an entry first, then a method.</summary>
    public static object? At(object? target, object? key, JinjaBudget budget)
    {
        // Counting code points and hashing a key look at the whole text.
        budget.Text(((target as JinjaText)?.Length ?? 0) + ((key as JinjaText)?.Length ?? 0));
        switch (target)
        {
            case JinjaMap map:
                return key is JinjaUndefined ? key
                    : map.TryGet(key, out var value) ? value
                    : JinjaMethods.Find(map, (key as JinjaText)?.Value ?? "") ?? (object)JinjaUndefined.Instance;
            case JinjaList list when key is long index:
                index += index < 0 ? list.Items.Count : 0;
                return index >= 0 && index < list.Items.Count ? list.Items[(int)index] : JinjaUndefined.Instance;
            case JinjaText text when key is long index:
                index += index < 0 ? text.Count : 0;
                if (index < 0 || index >= text.Count)
                {
                    return JinjaUndefined.Instance;
                }

                var start = Offset(text.Value, (int)index);
                return text.Slice(start, char.IsHighSurrogate(text.Value[start]) && start + 1 < text.Length ? 2 : 1);
            case JinjaLoop loop when key is JinjaText name:
                return loop.Get(name.Value);
            default:
                return key is JinjaText method ? JinjaMethods.Find(target, method.Value) ?? (object)JinjaUndefined.Instance : JinjaUndefined.Instance;
        }
    }

    /// <summary><c>value[start:stop:step]</c> of a list or a string.</summary>
    public static object? Slice(object? target, long? start, long? stop, long step, JinjaBudget budget)
    {
        if (step == 0)
        {
            throw JinjaFault.Value("the step of a slice is zero");
        }

        if (target is JinjaUndefined)
        {
            return target;
        }

        budget.Text((target as JinjaText)?.Length ?? 0);
        var length = target switch
        {
            JinjaList list => list.Items.Count,
            JinjaText text => text.Count,
            _ => throw JinjaFault.Value($"a {JinjaValues.KindOf(target)} cannot be sliced"),
        };
        var first = Bound(start, step > 0 ? 0 : length - 1, step > 0 ? 0 : -1, step > 0 ? length : length - 1, length);
        var end = Bound(stop, step > 0 ? length : -1, step > 0 ? 0 : -1, step > 0 ? length : length - 1, length);
        if (target is JinjaText whole && step == 1)
        {
            budget.Text(whole.Length);
            var from = Offset(whole.Value, (int)first);
            return whole.Slice(from, Math.Max(0, Offset(whole.Value, (int)end) - from));
        }

        var items = JinjaValues.Items(target, budget);
        var taken = new List<object?>();
        for (var i = first; step > 0 ? i < end : i > end; i += Math.Clamp(step, -length - 1L, length + 1L))
        {
            taken.Add(items[(int)i]);
        }

        if (target is JinjaList source)
        {
            return new JinjaList(taken, source.IsTuple);
        }

        var builder = new JinjaTextBuilder(budget);
        taken.ForEach(c => builder.Append((JinjaText)c!));
        return builder.ToText();
    }

    private static long Bound(long? value, long missing, long lowest, long highest, int length)
    {
        if (value is not { } bound)
        {
            return missing;
        }

        bound = bound < 0 ? Math.Max(bound, -length - 1L) + length : bound;
        return Math.Clamp(bound, lowest, Math.Max(lowest, highest));
    }

    /// <summary>The UTF-16 index of a code point.</summary>
    private static int Offset(string value, int codePoints)
    {
        var index = 0;
        for (; codePoints > 0; codePoints--)
        {
            index += index + 1 < value.Length && char.IsSurrogatePair(value[index], value[index + 1]) ? 2 : 1;
        }

        return Math.Min(index, value.Length);
    }
}
