using System.Globalization;
using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>Follows <c>$ref</c> within the document; nothing is ever fetched. Opens <c>allOf</c> and references into the parts that they stand for.</summary>
internal sealed class SchemaReferences(JsonElement root, GrammarBudget budget)
{
    private readonly Dictionary<string, SchemaPart> _anchors = FindAnchors(root, budget);

    /// <summary>All parts that must hold, without references, <c>allOf</c> and <c>true</c>; null when one of them is <c>false</c>.</summary>
    public List<SchemaPart>? Flatten(IReadOnlyList<SchemaPart> parts)
    {
        var flat = new List<SchemaPart>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<SchemaPart>(parts.Reverse());
        while (open.TryPop(out var part))
        {
            if (!seen.Add(part.Key))
            {
                continue;
            }

            budget.AddSchemaNode();
            budget.CheckDepth(part.Depth, $"The schema at {part.Place}");
            switch (part.Element.ValueKind)
            {
                case JsonValueKind.True:
                    continue;
                case JsonValueKind.False:
                    return null;
                case JsonValueKind.Object:
                    break;
                default:
                    throw part.Error("a schema must be an object or a boolean");
            }

            flat.Add(part);
            if (part.TryGet("allOf", out var all))
            {
                foreach (var branch in Branches(part, "allOf", all).Reverse())
                {
                    open.Push(branch);
                }
            }

            if (part.TryGet("$ref", out var reference))
            {
                open.Push(Resolve(part, reference));
            }
        }

        return flat;
    }

    public static IReadOnlyList<SchemaPart> Branches(SchemaPart part, string keyword, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw part.Error($"'{keyword}' must be an array of schemas");
        }

        return [.. list.EnumerateArray().Select((branch, i) => part.Child(branch, keyword, i.ToString(CultureInfo.InvariantCulture)))];
    }

    private SchemaPart Resolve(SchemaPart part, JsonElement reference)
    {
        var text = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : throw part.Error("'$ref' must be a string");
        if (!text.StartsWith('#'))
        {
            throw part.Error("'$ref' leads out of the schema; only references that begin with # are followed");
        }

        var pointer = Uri.UnescapeDataString(text[1..]);
        if (pointer.Length > 0 && pointer[0] != '/')
        {
            return _anchors.TryGetValue(pointer, out var anchored) ? anchored with { Depth = part.Depth } : throw NotFound(part, text);
        }

        var element = root;
        foreach (var segment in pointer.Split('/').Skip(1))
        {
            var name = segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var isFound = element.ValueKind switch
            {
                JsonValueKind.Object => element.TryGetProperty(name, out element),
                JsonValueKind.Array when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < element.GetArrayLength() =>
                    (element = element[i]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!isFound)
            {
                throw NotFound(part, text);
            }
        }

        return new SchemaPart(element, "#" + pointer, part.Depth);
    }

    private static GrammarException NotFound(SchemaPart part, string reference) =>
        part.Error($"'$ref' names nothing in the schema: {(reference.Length <= 100 ? reference : reference[..100] + "...")}");

    private static Dictionary<string, SchemaPart> FindAnchors(JsonElement root, GrammarBudget budget)
    {
        var anchors = new Dictionary<string, SchemaPart>(StringComparer.Ordinal);
        var open = new Stack<SchemaPart>([new SchemaPart(root, "#", 0)]);
        while (open.TryPop(out var part))
        {
            budget.AddPart();
            if (part.Element.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in part.Element.EnumerateObject())
                {
                    if (member.Name == "$anchor" && member.Value.ValueKind == JsonValueKind.String)
                    {
                        anchors.TryAdd(member.Value.GetString()!, part);
                    }

                    open.Push(part.Child(member.Value, member.Name));
                }
            }
            else if (part.Element.ValueKind == JsonValueKind.Array)
            {
                var i = 0;
                foreach (var item in part.Element.EnumerateArray())
                {
                    open.Push(part.Child(item, (i++).ToString(CultureInfo.InvariantCulture)));
                }
            }
        }

        return anchors;
    }
}
