using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A map from texts, read in the order of its keys. Immutable.</summary>
internal sealed class GoMap
{
    private readonly Dictionary<string, object?> _values;

    /// <param name="entries">In the order of their writing; the last of a key counts.</param>
    /// <param name="type">Name of the type for errors.</param>
    /// <param name="shape">How it prints.</param>
    /// <param name="keepsOrder">Whether as JSON it is written in the order given.</param>
    public GoMap(IEnumerable<KeyValuePair<JinjaText, object?>> entries, string type, GoShape shape = GoShape.Plain, bool keepsOrder = false)
    {
        var unique = new Dictionary<string, KeyValuePair<JinjaText, object?>>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            unique[entry.Key.Value] = entry;
        }

        _values = unique.ToDictionary(static e => e.Key, static e => e.Value.Value, StringComparer.Ordinal);
        Entries = [.. unique.Values.OrderBy(static e => e.Key.Value, StringComparer.Ordinal)];
        JsonEntries = keepsOrder ? [.. unique.Values] : Entries;
        Type = type;
        Shape = shape;
    }

    public IReadOnlyList<KeyValuePair<JinjaText, object?>> Entries { get; }

    public IReadOnlyList<KeyValuePair<JinjaText, object?>> JsonEntries { get; }

    public string Type { get; }

    public GoShape Shape { get; }

    /// <summary>What a key that is missing has: nothing for maps of anything, an empty text for maps of texts.</summary>
    public object? Missing { get; init; } = GoNil.Interface;

    public bool TryGet(string key, out object? value) => _values.TryGetValue(key, out value);
}
