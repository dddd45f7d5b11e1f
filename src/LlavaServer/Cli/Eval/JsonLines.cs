using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval;

/// <summary>Reads JSON and JSON lines that a user names; whatever is wrong with them ends the verb with exit code 2 and the place.</summary>
internal static class JsonLines
{
    /// <summary>How this program writes: text as it is, not escaped for HTML.</summary>
    public static JsonSerializerOptions Writing { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonSerializerOptions WritingIndented { get; } = new(Writing) { WriteIndented = true };

    /// <summary>The objects of a file, one a line; empty lines are passed over.</summary>
    public static IReadOnlyList<JsonElement> Read(string path)
    {
        var found = new List<JsonElement>();
        var number = 0;
        foreach (var line in Guard(path, () => File.ReadAllLines(path)))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                found.Add(Parse(line, $"{path}, line {number}"));
            }
        }

        return found;
    }

    /// <summary>A whole file as one value.</summary>
    public static JsonElement ReadWhole(string path) => Parse(Guard(path, () => File.ReadAllText(path)), path);

    /// <summary>A whole file as an array.</summary>
    public static IReadOnlyList<JsonElement> ReadItems(string path) => ReadWhole(path) is { ValueKind: JsonValueKind.Array } whole
        ? [.. whole.EnumerateArray()]
        : throw new VerbException(ExitCodes.WrongUsage, $"{path} is no array.");

    /// <summary>A whole file as an object.</summary>
    public static JsonElement ReadObject(string path) => ReadWhole(path) is { ValueKind: JsonValueKind.Object } whole
        ? whole
        : throw new VerbException(ExitCodes.WrongUsage, $"{path} is no object.");

    public static string Text(JsonElement parent, string name, string place) =>
        TextOrNull(parent, name) ?? throw new VerbException(ExitCodes.WrongUsage, $"{place}: no text '{name}'.");

    public static string? TextOrNull(JsonElement parent, string name) =>
        MemberOrNull(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static JsonElement Member(JsonElement parent, string name, string place) =>
        MemberOrNull(parent, name) ?? throw new VerbException(ExitCodes.WrongUsage, $"{place}: no '{name}'.");

    public static JsonElement? MemberOrNull(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : null;

    public static int Number(JsonElement parent, string name, string place) =>
        MemberOrNull(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
            ? number
            : throw new VerbException(ExitCodes.WrongUsage, $"{place}: no whole number '{name}'.");

    /// <summary>The items of an array that is a member.</summary>
    public static IReadOnlyList<JsonElement> Items(JsonElement parent, string name, string place) =>
        MemberOrNull(parent, name) is { ValueKind: JsonValueKind.Array } value
            ? [.. value.EnumerateArray()]
            : throw new VerbException(ExitCodes.WrongUsage, $"{place}: no array '{name}'.");

    /// <summary>The items of an array of texts that is a member.</summary>
    public static IReadOnlyList<string> Texts(JsonElement parent, string name, string place) =>
        [.. Items(parent, name, place).Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw new VerbException(ExitCodes.WrongUsage, $"{place}: '{name}' has an item that is no text."))];

    /// <summary>By key, as Python's scripts collect: of several with one key the last counts.</summary>
    public static Dictionary<string, TValue> ByKey<T, TValue>(IEnumerable<T> items, Func<T, string> key, Func<T, TValue> value)
    {
        var found = new Dictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            found[key(item)] = value(item);
        }

        return found;
    }

    /// <exception cref="VerbException">The file cannot be read.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path} cannot be read: {failure.Message}");
        }
    }

    /// <summary>Whether all names and texts are Unicode: half a surrogate pair can be spelled, and breaks whoever reads it.</summary>
    public static bool IsText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonElement Parse(string text, string place)
    {
        try
        {
            return IsText(Encoding.UTF8.GetBytes(text)) ? JsonElement.Parse(text) : throw new JsonException("a text has half a surrogate pair");
        }
        catch (JsonException failure)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{place} is not JSON: {failure.Message}");
        }
    }
}
