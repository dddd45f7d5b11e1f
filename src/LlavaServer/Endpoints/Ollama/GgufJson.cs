using System.Text.Json;
using System.Text.Json.Serialization;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Keys and values of a GGUF file as JSON.</summary>
internal static class GgufJson
{
    /// <summary>Arrays that a reader looks at one by one; longer ones, such as a vocabulary, are empty unless asked for.</summary>
    private const int MaxShortArray = 5;

    /// <summary>JSON has no infinities; a file may have.</summary>
    private static readonly JsonSerializerOptions Options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static Dictionary<string, JsonElement> ToElements(GgufMetadata metadata, bool isVerbose)
    {
        var elements = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var key in metadata.Keys)
        {
            elements[key] = ToElement(metadata.GetValue(key), isVerbose);
        }

        return elements;
    }

    private static JsonElement ToElement(object value, bool isVerbose)
    {
        if (value is Array { Length: > MaxShortArray } && !isVerbose)
        {
            value = Array.Empty<int>();
        }

        // The serializer would write bytes as base64.
        return JsonSerializer.SerializeToElement(value.GetType() == typeof(byte[]) ? Array.ConvertAll((byte[])value, static item => (int)item) : value, Options);
    }
}
