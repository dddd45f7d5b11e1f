using System.Text.Json;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// The members of a JSON object with the object's path, so that a wrong one is refused by name. A member that is <c>null</c> counts as not given; of
/// equal names the last one wins. Valid until the <see cref="JsonBody"/> is disposed.
/// </summary>
internal readonly struct JsonFields(JsonElement element, string path, bool ignoresCase)
{
    public JsonElement Element => element;

    /// <summary>Path of the object; empty for the body itself.</summary>
    public string Path => path;

    /// <summary>Members in the order of the text, <c>null</c> ones and repeated ones included.</summary>
    public IEnumerable<JsonField> Members()
    {
        foreach (var member in element.EnumerateObject())
        {
            yield return new JsonField(member.Value, PathOf(member.Name), ignoresCase) { Name = member.Name };
        }
    }

    public bool TryGet(string name, out JsonField field)
    {
        if (!Find(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            field = default;
            return false;
        }

        field = new JsonField(value, PathOf(name), ignoresCase) { Name = name };
        return true;
    }

    public bool Has(string name) => TryGet(name, out _);

    public JsonField Required(string name) => TryGet(name, out var field) ? field : throw RequestException.Missing(PathOf(name));

    public string? String(string name) => TryGet(name, out var field) ? field.AsString() : null;

    public bool? Boolean(string name) => TryGet(name, out var field) ? field.AsBoolean() : null;

    public int? Int32(string name, int min = int.MinValue, int max = int.MaxValue) => TryGet(name, out var field) ? (int)field.AsInt64(min, max) : null;

    public long? Int64(string name, long min = long.MinValue, long max = long.MaxValue) => TryGet(name, out var field) ? field.AsInt64(min, max) : null;

    public double? Number(string name, double min = double.MinValue, double max = double.MaxValue) =>
        TryGet(name, out var field) ? field.AsNumber(min, max) : null;

    /// <summary>Members of an object member, or null when it is not given.</summary>
    public JsonFields? Object(string name) => TryGet(name, out var field) ? field.AsObject() : null;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private bool Find(string name, out JsonElement value)
    {
        if (!ignoresCase)
        {
            return element.TryGetProperty(name, out value);
        }

        var found = false;
        value = default;
        foreach (var member in element.EnumerateObject())
        {
            if (member.NameEquals(name) || member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = member.Value;
                found = true;
            }
        }

        return found;
    }
}
