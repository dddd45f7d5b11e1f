using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Reads <c>format</c>: <c>"json"</c> is any JSON object, an object is a JSON Schema. Singleton, thread-safe.</summary>
internal sealed class OllamaFormat(GrammarCompiler compiler)
{
    /// <summary>Null is text without form.</summary>
    public Grammar? Read(JsonFields root)
    {
        if (!root.TryGet("format", out var format))
        {
            return null;
        }

        return format.Kind switch
        {
            JsonValueKind.String when format.AsString().Length == 0 => null,
            JsonValueKind.String when format.AsString() == "json" => compiler.JsonObject(),
            JsonValueKind.Object => compiler.JsonSchema(format.Element, "format"),
            _ => throw RequestException.InvalidValue(
                "format", $"invalid format: {OllamaText.Quote(format.Element.GetRawText())}; expected \"json\" or a valid JSON Schema object"),
        };
    }
}
