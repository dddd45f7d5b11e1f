using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>The form that answers are held to, by what <c>--format</c> and <c>/set format</c> take.</summary>
internal static class AnswerFormat
{
    /// <summary>The request's <c>response_format</c>; null for text. Throws <see cref="VerbException"/> for what is no format.</summary>
    /// <param name="text"><c>text</c>, <c>json</c>, or the path of a file with a JSON Schema.</param>
    public static JsonObject? Read(string text)
    {
        if (text is "text" or "")
        {
            return null;
        }

        if (text == "json")
        {
            return new JsonObject { ["type"] = "json_object" };
        }

        try
        {
            var schema = JsonNode.Parse(File.ReadAllText(PicturePath.Resolve(text)));
            return new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "answer", ["schema"] = schema } };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"The format is 'json', 'text' or a file with a JSON Schema; '{text}' is none of them.");
        }
    }
}
