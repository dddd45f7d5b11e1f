using System.Text.Json;
using System.Text.Unicode;

namespace LlavaServer.Models.Import;

/// <summary>A JSON object of a checkpoint, read under a size and depth limit, with typed look-ups that name file and setting when they fail.</summary>
internal sealed class JsonFile
{
    private const int MaxDepth = 32;
    private readonly string file;
    private readonly JsonElement element;

    private JsonFile(string file, JsonElement element)
    {
        this.file = file;
        this.element = element;
    }

    public static JsonFile Read(CheckpointFiles files, string name, long maxBytes = 4 << 20) =>
        TryRead(files, name, maxBytes) ?? throw new ImportException($"{name}: is missing");

    public static JsonFile? TryRead(CheckpointFiles files, string name, long maxBytes = 4 << 20) =>
        files.Find(name) is { } path ? Parse(name, BoundedFile.ReadAllBytes(path, name, maxBytes)) : null;

    public static JsonFile Parse(string name, ReadOnlyMemory<byte> json)
    {
        try
        {
            CheckText(name, json.Span);
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFile(name, document.RootElement.Clone())
                : throw new ImportException($"{name}: must be a JSON object");
        }
        catch (JsonException)
        {
            throw new ImportException($"{name}: is not valid JSON of a depth up to {MaxDepth}");
        }
    }

    public IEnumerable<JsonProperty> Properties => element.EnumerateObject();

    /// <summary>The value of a setting, unless it is absent or null.</summary>
    public JsonElement? Find(string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonFile? FindObject(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new JsonFile($"{file}: {key}", value),
        _ => throw Wrong(key, "an object"),
    };

    public string? FindString(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        _ => throw Wrong(key, "a string"),
    };

    public int GetInt32(string key, int defaultValue, int min, int max) => Find(key) switch
    {
        null => defaultValue,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var number) && number >= min && number <= max => number,
        _ => throw Wrong(key, $"an integer in {min}..{max}"),
    };

    public float GetSingle(string key, float defaultValue, float min, float max) => Find(key) switch
    {
        null => defaultValue,
        { ValueKind: JsonValueKind.Number } value when value.TryGetSingle(out var number) && number >= min && number <= max => number,
        _ => throw Wrong(key, $"a number in {min}..{max}"),
    };

    public bool? FindBoolean(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True or JsonValueKind.False } value => value.GetBoolean(),
        _ => throw Wrong(key, "true or false"),
    };

    public float[]? FindSingles(string key, int count) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value when value.GetArrayLength() == count
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetSingle(out var number) && float.IsFinite(number)) =>
            [.. value.EnumerateArray().Select(item => item.GetSingle())],
        _ => throw Wrong(key, $"{count} numbers"),
    };

    public ImportException Wrong(string key, string expected) => new($"{file}: '{key}' must be {expected}");

    /// <summary>Every string of the document is valid text; otherwise reading one later would throw.</summary>
    private static void CheckText(string name, ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new ImportException($"{name}: is not valid UTF-8");
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped && reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                try
                {
                    _ = reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    throw new ImportException($"{name}: a text has half a surrogate pair");
                }
            }
        }
    }
}
