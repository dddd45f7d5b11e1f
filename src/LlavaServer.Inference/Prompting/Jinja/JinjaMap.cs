namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// A dictionary or namespace of a rendering, in order of insertion. Keys are texts, numbers, booleans or none; a key keeps the marks that it was first
/// inserted with.
/// </summary>
internal sealed class JinjaMap(bool isNamespace = false)
{
    private readonly OrderedDictionary<object, KeyValuePair<object?, object?>> _entries = [];

    public bool IsNamespace { get; } = isNamespace;

    public int Count => _entries.Count;

    /// <summary>Keys and values in order.</summary>
    public IEnumerable<KeyValuePair<object?, object?>> Entries => _entries.Values;

    public bool TryGet(object? key, out object? value)
    {
        var found = _entries.TryGetValue(Normal(key), out var entry);
        value = entry.Value;
        return found;
    }

    public void Set(string key, object? value) => Set(JinjaText.Of(key), value);

    public void Set(object? key, object? value)
    {
        var normal = Normal(key);
        _entries[normal] = new KeyValuePair<object?, object?>(_entries.TryGetValue(normal, out var old) ? old.Key : key, value);
    }

    public bool Remove(object? key, out object? value)
    {
        var found = _entries.Remove(Normal(key), out var entry);
        value = entry.Value;
        return found;
    }

    private static object Normal(object? key) => key switch
    {
        JinjaText text => text.Value,
        null => DBNull.Value,
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1L << 53 => (long)number,
        long or double => key,
        JinjaUndefined => throw JinjaFault.Value("undefined cannot be a key"),
        _ => throw JinjaFault.Value($"a {JinjaValues.KindOf(key)} cannot be a key"),
    };
}
