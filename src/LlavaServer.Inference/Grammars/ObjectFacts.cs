using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// What the parts of one schema say about objects. Members that are not named are only written where the schema asks for them, as OpenAI's strict mode
/// demands and llama.cpp does: an object with named members and nothing about others has no others. Used by one compilation.
/// </summary>
internal sealed class ObjectFacts
{
    private readonly List<SchemaPart> _parts;
    private readonly List<string> _names = [];
    private readonly Dictionary<string, List<SchemaPart>> _members = new(StringComparer.Ordinal);

    public ObjectFacts(List<SchemaPart> parts)
    {
        _parts = parts;
        foreach (var part in parts)
        {
            ReadProperties(part);
            ReadRequired(part);
            MinProperties = Math.Max(MinProperties, SchemaFacts.Count(part, "minProperties") ?? 0);
            MaxProperties = SchemaFacts.Least(MaxProperties, SchemaFacts.Count(part, "maxProperties"));
        }

        AllowsOthers = ReadOthers();
        foreach (var name in Required)
        {
            if (_members.TryAdd(name, []))
            {
                _names.Add(name);
            }
        }

        foreach (var part in parts)
        {
            Restrict(part);
        }
    }

    /// <summary>In the order of the schema.</summary>
    public IReadOnlyList<string> Names => _names;

    public HashSet<string> Required { get; } = new(StringComparer.Ordinal);

    public long MinProperties { get; }

    public long? MaxProperties { get; }

    /// <summary>Whether members that are not named may be written.</summary>
    public bool AllowsOthers { get; }

    public bool IsDescribed => _names.Count > 0 || MinProperties > 0 || MaxProperties is not null
        || _parts.Exists(static part => part.TryGet("additionalProperties", out _) || part.TryGet("patternProperties", out _) || part.TryGet("properties", out _)
            || part.TryGet("propertyNames", out _));

    /// <summary>Schema of a named member; null if it may not be written.</summary>
    public List<SchemaPart>? Member(string name) => _members.GetValueOrDefault(name);

    /// <summary>Schema of the members that are not named.</summary>
    public List<SchemaPart> Others() => Children("additionalProperties");

    /// <summary>Schema of the names of members, as strings.</summary>
    public List<SchemaPart> NamesSchema() => Children("propertyNames");

    /// <summary>Patterns of names with their schemas.</summary>
    public List<(string Pattern, SchemaPart Schema)> Patterns()
    {
        var patterns = new List<(string, SchemaPart)>();
        foreach (var part in _parts)
        {
            if (part.TryGet("patternProperties", out var schemas))
            {
                patterns.AddRange(Members(part, "patternProperties", schemas).Select(m => (m.Name, part.Child(m.Value, "patternProperties", m.Name))));
            }
        }

        return patterns;
    }

    private List<SchemaPart> Children(string keyword)
    {
        var schemas = new List<SchemaPart>();
        foreach (var part in _parts)
        {
            if (part.TryGet(keyword, out var schema))
            {
                schemas.Add(part.Child(schema, keyword));
            }
        }

        return schemas;
    }

    private static JsonElement.ObjectEnumerator Members(SchemaPart part, string keyword, JsonElement schemas) =>
        schemas.ValueKind == JsonValueKind.Object ? schemas.EnumerateObject() : throw part.Error($"'{keyword}' must be an object of schemas");

    private void ReadProperties(SchemaPart part)
    {
        if (!part.TryGet("properties", out var properties))
        {
            return;
        }

        foreach (var member in Members(part, "properties", properties))
        {
            if (_members.TryAdd(member.Name, []))
            {
                _names.Add(member.Name);
            }

            _members[member.Name].Add(part.Child(member.Value, "properties", member.Name));
        }
    }

    private void ReadRequired(SchemaPart part)
    {
        if (!part.TryGet("required", out var required) || required.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return;
        }

        if (required.ValueKind != JsonValueKind.Array || required.EnumerateArray().Any(static n => n.ValueKind != JsonValueKind.String))
        {
            throw part.Error("'required' must be an array of names");
        }

        Required.UnionWith(required.EnumerateArray().Select(static n => n.GetString()!));
    }

    private bool ReadOthers()
    {
        var isGiven = false;
        foreach (var part in _parts)
        {
            foreach (var keyword in (ReadOnlySpan<string>)["additionalProperties", "unevaluatedProperties"])
            {
                if (part.TryGet(keyword, out var others))
                {
                    if (others.ValueKind == JsonValueKind.False)
                    {
                        return false;
                    }

                    isGiven |= keyword == "additionalProperties";
                }
            }
        }

        return isGiven || _names.Count == 0;
    }

    // additionalProperties of one part also rules the members that only other parts name.
    private void Restrict(SchemaPart part)
    {
        if (!part.TryGet("additionalProperties", out var others) || others.ValueKind == JsonValueKind.True)
        {
            return;
        }

        part.TryGet("properties", out var own);
        foreach (var name in _names)
        {
            if (own.ValueKind != JsonValueKind.Object || !own.TryGetProperty(name, out _))
            {
                _members[name]?.Add(part.Child(others, "additionalProperties"));
            }
        }
    }
}
