namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What a template sees as <c>loop</c>.</summary>
internal sealed class JinjaLoop(List<object?> items, int depth, Func<object?, object?>? recurse)
{
    private object? _lastChanged = JinjaUndefined.Instance;

    /// <summary>The round, from 0.</summary>
    public int Index { get; set; }

    public object? Recurse(object? iterable) => recurse is null
        ? throw JinjaFault.Value("the loop is not marked 'recursive'")
        : recurse(iterable);

    public object? Get(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => depth + 1L,
        "depth0" => (long)depth,
        "previtem" => Index > 0 ? items[Index - 1] : JinjaUndefined.Instance,
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : JinjaUndefined.Instance,
        "cycle" => new JinjaFunction("cycle", arguments => arguments.Positional.Count == 0
            ? throw JinjaFault.Value("loop.cycle needs values")
            : arguments.Positional[Index % arguments.Positional.Count]),
        "changed" => new JinjaFunction("changed", arguments =>
        {
            var now = new JinjaList(arguments.Positional, isTuple: true);
            var changed = !JinjaValues.AreEqual(now, _lastChanged, arguments.Budget);
            _lastChanged = now;
            return changed;
        }),
        _ => JinjaUndefined.Instance,
    };
}
