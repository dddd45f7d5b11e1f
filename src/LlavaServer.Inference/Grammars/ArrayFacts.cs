using System.Globalization;
using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>What the parts of one schema say about arrays. Used by one compilation.</summary>
internal sealed class ArrayFacts
{
    private readonly List<SchemaPart> _parts;

    public ArrayFacts(List<SchemaPart> parts)
    {
        _parts = parts;
        foreach (var part in parts)
        {
            MinItems = Math.Max(MinItems, SchemaFacts.Count(part, "minItems") ?? 0);
            MaxItems = SchemaFacts.Least(MaxItems, SchemaFacts.Count(part, "maxItems"));
            PrefixLength = Math.Max(PrefixLength, Prefix(part)?.GetArrayLength() ?? 0);
            IsUnique |= part.TryGet("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True;
        }
    }

    public long MinItems { get; }

    public long? MaxItems { get; }

    /// <summary>Items that have schemas of their own.</summary>
    public int PrefixLength { get; }

    public bool IsUnique { get; }

    public bool IsDescribed => MinItems > 0 || MaxItems is not null || PrefixLength > 0 || IsUnique || _parts.Exists(static part => part.TryGet("items", out _));

    /// <summary>The schema of an item; from <see cref="PrefixLength"/> on they are all alike.</summary>
    public List<SchemaPart> Item(int index)
    {
        var schemas = new List<SchemaPart>();
        foreach (var part in _parts)
        {
            var prefix = Prefix(part);
            if (prefix is { } list && index < list.GetArrayLength())
            {
                schemas.Add(part.Child(list[index], Keyword(part), index.ToString(CultureInfo.InvariantCulture)));
            }
            else if (part.TryGet(Keyword(part) == "items" ? "additionalItems" : "items", out var items))
            {
                schemas.Add(part.Child(items, "items"));
            }
        }

        return schemas;
    }

    // Before draft 2020-12 an array under "items" was what "prefixItems" is now.
    private static string Keyword(SchemaPart part) => part.TryGet("items", out var items) && items.ValueKind == JsonValueKind.Array ? "items" : "prefixItems";

    private static JsonElement? Prefix(SchemaPart part) =>
        !part.TryGet(Keyword(part), out var list) ? null
        : list.ValueKind == JsonValueKind.Array ? list
        : throw part.Error("'prefixItems' must be an array of schemas");
}
