using System.Text.Json;

namespace LlavaServer.Inference.Tools;

/// <summary>A tool of a request as far as calls of it are concerned. Immutable.</summary>
/// <param name="Name">How a call names it.</param>
/// <param name="Parameters">JSON schema of its arguments; null is no arguments.</param>
/// <param name="SchemaPath">Where the schema stands in the request, for errors.</param>
/// <param name="IsStrict">All of the schema must be held.</param>
internal sealed record ToolDefinition(string Name, JsonElement? Parameters, string SchemaPath, bool IsStrict = false)
{
    private const int MaxNameLength = 256;

    /// <summary>Reads objects of type function as in the OpenAI API. Throws <see cref="InferenceException"/> for what cannot be a tool.</summary>
    public static IReadOnlyList<ToolDefinition> Read(GenerationRequest request)
    {
        var tools = request.Tools;
        var definitions = new List<ToolDefinition>(tools.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tools.Count; i++)
        {
            var path = $"tools[{i}].function";
            if (tools[i].ValueKind != JsonValueKind.Object || !tools[i].TryGetProperty("function", out var function) || function.ValueKind != JsonValueKind.Object
                || !function.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
            {
                throw Error(path, "A tool must be an object with a function that has a name.");
            }

            // The name stands in calls as it is, whatever their form.
            var text = name.GetString()!;
            if (text.Length is 0 or > MaxNameLength || !text.All(static c => c is > ' ' and < '\x7f' and not ('"' or '\\' or '<' or '>' or '[' or ']' or '{' or '}')))
            {
                throw Error(path + ".name", $"The name of a tool must have 1 to {MaxNameLength} visible ASCII characters, without quotes, backslashes and brackets.");
            }

            if (!names.Add(text))
            {
                throw Error(path + ".name", $"The tool '{text}' is given twice.");
            }

            var hasParameters = function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind != JsonValueKind.Null;
            var isStrict = function.TryGetProperty("strict", out var strict) && strict.ValueKind == JsonValueKind.True;
            definitions.Add(new ToolDefinition(text, hasParameters ? parameters : null, request.ToolSchemaPaths?[i] ?? path + ".parameters", isStrict));
        }

        return definitions;
    }

    private static InferenceException Error(string path, string message) => new(InferenceError.Unsupported, message) { Parameter = path };
}
