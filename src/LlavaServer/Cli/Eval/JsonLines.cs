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

    public static string Text(JsonElement parent, string name, string place) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new VerbException(ExitCodes.WrongUsage, $"{place}: no text '{name}'.");

    public static string? TextOrNull(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static JsonElement Member(JsonElement parent, string name, string place) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
            ? value
            : throw new VerbException(ExitCodes.WrongUsage, $"{place}: no '{name}'.");

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

    private static JsonElement Parse(string text, string place)
    {
        try
        {
            var value = JsonElement.Parse(text);
            return value;
        }
        catch (JsonException failure)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{place} is not JSON: {failure.Message}");
        }
    }
}
