using System.Text.Json;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Tools and arguments as Ollama's types hold them: what those do not know of a schema is left out, as it leaves it out.</summary>
internal static class GoTools
{
    private const string AnyMap = "map[string]interface {}";
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64 };

    public static GoList Read(IReadOnlyList<JsonElement> tools) => tools.Count == 0
        ? GoList.Nil("template.templateTools", GoShape.Json)
        : GoList.Of([.. tools.Select(Tool)], "template.templateTools", GoShape.Json);

    /// <summary>Arguments of a call: an object, or one without members where the text is none.</summary>
    public static GoMap Arguments(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, s_json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Map(document.RootElement, "template.templateArgs", GoShape.Json)
                : new GoMap([], "template.templateArgs", GoShape.Json);
        }
        catch (JsonException)
        {
            return new GoMap([], "template.templateArgs", GoShape.Json);
        }
    }

    private static GoStruct Tool(JsonElement tool)
    {
        var function = tool.Get("function");
        var parameters = function.Get("parameters");
        return new GoStruct(
            "template.templateTool",
            GoShape.Json,
            new GoStructField("Type", Text(tool.Get("type")), "type"),
            new GoStructField("Items", Any(tool.Get("items")), "items", true),
            new GoStructField("Function", new GoStruct(
                "template.templateToolFunction",
                GoShape.Plain,
                new GoStructField("Name", Text(function.Get("name")), "name"),
                new GoStructField("Description", Text(function.Get("description")), "description"),
                new GoStructField("Parameters", new GoStruct(
                    "template.templateToolFunctionParameters",
                    GoShape.Plain,
                    new GoStructField("Type", Text(parameters.Get("type")), "type"),
                    new GoStructField("Defs", Any(parameters.Get("$defs")), "$defs", true),
                    new GoStructField("Items", Any(parameters.Get("items")), "items", true),
                    new GoStructField("Required", Texts(parameters.Get("required"), "[]string"), "required", true),
                    new GoStructField("Properties", Properties(parameters.Get("properties"), isSorted: true), "properties")), "parameters")), "function"));
    }

    private static GoMap? Properties(JsonElement properties, bool isSorted) => properties.ValueKind != JsonValueKind.Object ? null : new GoMap(
        properties.EnumerateObject().Select(static p => KeyValuePair.Create(JinjaText.Of(p.Name, JinjaText.Input), (object?)Property(p.Value))),
        isSorted ? "template.templateProperties" : "*api.ToolPropertiesMap",
        isSorted ? GoShape.Json : GoShape.Plain,
        keepsOrder: !isSorted)
    {
        Missing = Property(default),
    };

    private static GoStruct Property(JsonElement property) => new(
        "api.ToolProperty",
        GoShape.Property,
        new GoStructField("AnyOf", property.Get("anyOf") is { ValueKind: JsonValueKind.Array } any
            ? GoList.Of([.. any.EnumerateArray().Select(Property)], "[]api.ToolProperty")
            : GoList.Nil("[]api.ToolProperty"), "anyOf", true),
        new GoStructField("Type", Texts(property.Get("type"), "api.PropertyType", GoShape.Types), "type", true),
        new GoStructField("Items", Any(property.Get("items")), "items", true),
        new GoStructField("Description", Text(property.Get("description")), "description", true),
        new GoStructField("Enum", property.Get("enum") is { ValueKind: JsonValueKind.Array } values ? Any(values) : GoList.Nil("[]interface {}"), "enum", true),
        new GoStructField("Properties", property.ValueKind == JsonValueKind.Object ? Properties(property.Get("properties"), isSorted: false) : null, "properties", true),
        new GoStructField("Required", Texts(property.Get("required"), "[]string"), "required", true));

    private static JsonElement Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static JinjaText Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? JinjaText.Of(value.GetString()!, JinjaText.Input) : JinjaText.Empty;

    private static GoList Texts(JsonElement value, string type, GoShape shape = GoShape.Plain) => value.ValueKind switch
    {
        JsonValueKind.String => GoList.Of([Text(value)], type, shape),
        JsonValueKind.Array => GoList.Of([.. value.EnumerateArray().Where(static v => v.ValueKind == JsonValueKind.String).Select(Text)], type, shape),
        _ => GoList.Nil(type, shape),
    };

    private static GoMap Map(JsonElement value, string type, GoShape shape) => new(
        value.EnumerateObject().Select(static p => KeyValuePair.Create(JinjaText.Of(p.Name, JinjaText.Input), Any(p.Value))), type, shape);

    /// <summary>A value of a JSON document, as Go reads one without a type.</summary>
    public static object? Any(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => Map(value, AnyMap, GoShape.Plain),
        JsonValueKind.Array => GoList.Of([.. value.EnumerateArray().Select(Any)], "[]interface {}"),
        JsonValueKind.String => Text(value),
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        _ => GoNil.Interface,
    };
}
