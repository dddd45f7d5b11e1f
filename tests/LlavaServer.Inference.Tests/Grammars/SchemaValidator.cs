using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>
/// Judges a value by a JSON Schema, keyword by keyword as the specification has it, without any knowledge of the grammar engine. Knows the keywords of the
/// corpus and throws for others.
/// </summary>
internal sealed class SchemaValidator(JsonElement root)
{
    /// <summary>Null, or what is wrong.</summary>
    public string? Check(JsonElement value) => Check(root, value, "$");

    private string? Check(JsonElement schema, JsonElement value, string path)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return schema.ValueKind == JsonValueKind.True ? null : $"{path}: nothing is allowed";
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            if (Check(schema, keyword.Name, keyword.Value, value, path) is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    private string? Check(JsonElement schema, string keyword, JsonElement rule, JsonElement value, string path)
    {
        string? Fail(bool holds) => holds ? null : $"{path}: {keyword} {rule.GetRawText()} is broken by {value.GetRawText()}";
        var isNumber = value.ValueKind == JsonValueKind.Number;
        var isText = value.ValueKind == JsonValueKind.String;
        var isObject = value.ValueKind == JsonValueKind.Object;
        var isArray = value.ValueKind == JsonValueKind.Array;
        switch (keyword)
        {
            case "title" or "description" or "default" or "examples" or "$defs" or "definitions" or "$anchor" or "$schema" or "$id" or "x-note" or "additionalItems":
                return null;
            case "type":
                return Fail((rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().ToList() : [rule]).Exists(t => Is(value, t.GetString()!)));
            case "enum":
                return Fail(rule.EnumerateArray().Any(v => JsonElement.DeepEquals(v, value)));
            case "const":
                return Fail(JsonElement.DeepEquals(rule, value));
            case "minimum":
                return Fail(!isNumber || Number(value) >= rule.GetDouble());
            case "maximum":
                return Fail(!isNumber || Number(value) <= rule.GetDouble());
            case "exclusiveMinimum":
                return Fail(!isNumber || Number(value) > rule.GetDouble());
            case "exclusiveMaximum":
                return Fail(!isNumber || Number(value) < rule.GetDouble());
            case "multipleOf":
                return Fail(!isNumber || value.GetDecimal() % rule.GetDecimal() == 0);
            case "minLength":
                return Fail(!isText || value.GetString()!.EnumerateRunes().Count() >= rule.GetInt32());
            case "maxLength":
                return Fail(!isText || value.GetString()!.EnumerateRunes().Count() <= rule.GetInt32());
            case "pattern":
                return Fail(!isText || Regex.IsMatch(value.GetString()!, rule.GetString()!, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
            case "format":
                return Fail(!isText || HasFormat(value.GetString()!, rule.GetString()!));
            case "minItems":
                return Fail(!isArray || value.GetArrayLength() >= rule.GetInt32());
            case "maxItems":
                return Fail(!isArray || value.GetArrayLength() <= rule.GetInt32());
            case "uniqueItems":
                return Fail(!isArray || value.EnumerateArray().Select(v => v.GetRawText()).Distinct().Count() == value.GetArrayLength());
            case "prefixItems" when isArray:
                return rule.EnumerateArray().Zip(value.EnumerateArray()).Select((pair, i) => Check(pair.First, pair.Second, $"{path}[{i}]")).FirstOrDefault(f => f is not null);
            case "items" when isArray:
                var prefix = schema.TryGetProperty("prefixItems", out var list) ? list.GetArrayLength() : 0;
                return value.EnumerateArray().Skip(prefix).Select((v, i) => Check(rule, v, $"{path}[{i + prefix}]")).FirstOrDefault(f => f is not null);
            case "required":
                return Fail(!isObject || rule.EnumerateArray().All(n => value.TryGetProperty(n.GetString()!, out _)));
            case "minProperties":
                return Fail(!isObject || Names(value).Count >= rule.GetInt32());
            case "maxProperties":
                return Fail(!isObject || Names(value).Count <= rule.GetInt32());
            case "properties" when isObject:
                return rule.EnumerateObject().Select(p => value.TryGetProperty(p.Name, out var v) ? Check(p.Value, v, $"{path}.{p.Name}") : null).FirstOrDefault(f => f is not null);
            case "patternProperties" when isObject:
                return value.EnumerateObject()
                    .SelectMany(m => rule.EnumerateObject().Where(p => Regex.IsMatch(m.Name, p.Name)).Select(p => Check(p.Value, m.Value, $"{path}.{m.Name}")))
                    .FirstOrDefault(f => f is not null);
            case "additionalProperties" when isObject:
                return value.EnumerateObject().Where(m => !IsNamed(schema, m.Name)).Select(m => Check(rule, m.Value, $"{path}.{m.Name}")).FirstOrDefault(f => f is not null);
            case "propertyNames" when isObject:
                return value.EnumerateObject().Select(m => Check(rule, JsonSerializer.SerializeToElement(m.Name), $"{path}.{m.Name}")).FirstOrDefault(f => f is not null);
            case "allOf":
                return rule.EnumerateArray().Select(s => Check(s, value, path)).FirstOrDefault(f => f is not null);
            case "anyOf":
                return Fail(rule.EnumerateArray().Any(s => Check(s, value, path) is null));
            case "oneOf":
                return Fail(rule.EnumerateArray().Count(s => Check(s, value, path) is null) == 1);
            case "$ref":
                return Check(Find(rule.GetString()!), value, path);
            case "prefixItems" or "items" or "properties" or "patternProperties" or "additionalProperties" or "propertyNames":
                return null;
            default:
                throw new InvalidOperationException($"the validator does not know {keyword}");
        }
    }

    private static HashSet<string> Names(JsonElement value) => [.. value.EnumerateObject().Select(m => m.Name)];

    private static bool IsNamed(JsonElement schema, string name) =>
        (schema.TryGetProperty("properties", out var named) && named.TryGetProperty(name, out _))
        || (schema.TryGetProperty("patternProperties", out var patterns) && patterns.EnumerateObject().Any(p => Regex.IsMatch(name, p.Name)));

    private static double Number(JsonElement value) => double.Parse(value.GetRawText(), CultureInfo.InvariantCulture);

    private static bool Is(JsonElement value, string type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => value.ValueKind == JsonValueKind.Number && Number(value) == Math.Truncate(Number(value)),
    };

    private JsonElement Find(string reference)
    {
        var element = root;
        if (reference.Length > 1 && reference[1] != '/')
        {
            return root.GetProperty("$defs").EnumerateObject().First(d => d.Value.TryGetProperty("$anchor", out var a) && a.GetString() == reference[1..]).Value;
        }

        foreach (var segment in reference.Split('/').Skip(1))
        {
            element = element.ValueKind == JsonValueKind.Array
                ? element[int.Parse(segment, CultureInfo.InvariantCulture)]
                : element.GetProperty(Uri.UnescapeDataString(segment).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
        }

        return element;
    }

    private static bool HasFormat(string text, string format) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => DateTimeOffset.TryParse("2024-02-03T" + text, CultureInfo.InvariantCulture, out _),
        "date-time" => text[10] == 'T' && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            || text.StartsWith("0001-01-01", StringComparison.Ordinal) || text.StartsWith("9999-12-31", StringComparison.Ordinal),
        "duration" => System.Xml.XmlConvert.ToTimeSpan(text.Replace("W", "D", StringComparison.Ordinal)) > TimeSpan.Zero,
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        "hostname" => Uri.CheckHostName(text) == UriHostNameType.Dns,
        "ipv4" => IPAddress.TryParse(text, out var four) && four.ToString() == text,
        "ipv6" => IPAddress.TryParse(text, out var six) && six.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        _ => true,
    };
}
