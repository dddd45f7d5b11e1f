using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Cli.Eval.Reports;

/// <summary>Figures as a JSON object in their order, for example <c>{"accuracy": 87.5, "F1": 86.2}</c>. Stateless.</summary>
internal sealed class FigureConverter : JsonConverter<IReadOnlyList<KeyValuePair<string, double>>>
{
    public override IReadOnlyList<KeyValuePair<string, double>> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.EnumerateObject().All(static figure => figure.Value.ValueKind == JsonValueKind.Number)
            ? [.. document.RootElement.EnumerateObject().Select(static figure => KeyValuePair.Create(figure.Name, figure.Value.GetDouble()))]
            : throw new JsonException("Figures are numbers by name.");
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, double>> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, figure) in value)
        {
            writer.WriteNumber(name, figure);
        }

        writer.WriteEndObject();
    }
}
