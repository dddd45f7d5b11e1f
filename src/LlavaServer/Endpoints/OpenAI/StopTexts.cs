using System.Text;
using System.Text.Json;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads the texts that end an answer: one, or up to 16 of 1 KiB each; empty ones are skipped.</summary>
internal static class StopTexts
{
    private const int MaxCount = 16;
    private const int MaxBytes = 1024;

    public static IReadOnlyList<string> Read(JsonFields body, string name = "stop")
    {
        if (!body.TryGet(name, out var field))
        {
            return [];
        }

        return field.Kind switch
        {
            JsonValueKind.String => Checked([field]),
            JsonValueKind.Array => Checked(field.AsArray(MaxCount)),
            _ => throw field.WrongType("a string or an array of strings"),
        };
    }

    private static List<string> Checked(IEnumerable<JsonField> fields)
    {
        var texts = new List<string>();
        foreach (var field in fields)
        {
            var text = field.AsString();
            if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            {
                throw RequestException.InvalidValue(field.Path, $"'{field.Path}' is longer than {MaxBytes} bytes.");
            }

            if (text.Length > 0)
            {
                texts.Add(text);
            }
        }

        return texts;
    }
}
