using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads one content part: OpenAI's text and image parts, and the forms of its Responses API and of Anthropic that clients send here. A part is read or
/// refused, never dropped.
/// </summary>
internal static class PartReader
{
    public static RequestPart Read(JsonFields part, ChatRole role)
    {
        var type = TypeOf(part);
        switch (type)
        {
            case "text" or "input_text":
                return new RequestPart { Text = part.Required("text").AsString() };
            case "refusal" when role == ChatRole.Assistant:
                return new RequestPart { Text = part.Required("refusal").AsString() };
            case "image_url" or "input_image" when role != ChatRole.Assistant:
                return ImageUrlPart(part);
            case "image" when role != ChatRole.Assistant:
                return SourcePart(part.Required("source").AsObject());
            case "file" when role != ChatRole.Assistant:
                return FilePart(part.Required("file").AsObject());
            default:
                var path = part.PathOf("type");
                throw RequestException.InvalidValue(path, role == ChatRole.Assistant
                    ? $"Invalid value for '{path}': an assistant's message has parts of type text and refusal."
                    : $"Invalid value for '{path}': it must be text or image_url.");
        }
    }

    private static string TypeOf(JsonFields part) =>
        part.String("type") ?? (part.Has("image_url") ? "image_url" : part.Has("text") ? "text" : throw RequestException.Missing(part.PathOf("type")));

    /// <summary>A picture by <c>image_url</c>: a text, or an object with a url.</summary>
    public static RequestPart ImageUrlPart(JsonFields part)
    {
        if (part.TryGet("file_id", out var fileId))
        {
            throw RequestException.Unsupported(fileId.Path, "Uploaded files are not supported; send a base64 data URL.");
        }

        CheckDetail(part);
        var image = part.Required("image_url");
        if (image.Kind == JsonValueKind.String)
        {
            return new RequestPart { Image = image };
        }

        if (image.Kind != JsonValueKind.Object)
        {
            throw image.WrongType("an object with a url, or a string");
        }

        var members = image.AsObject();
        CheckDetail(members);
        var url = members.Required("url");
        return url.Kind == JsonValueKind.String ? new RequestPart { Image = url } : throw url.WrongType("a string");
    }

    private static RequestPart SourcePart(JsonFields source)
    {
        var type = source.Required("type");
        return type.AsString() switch
        {
            "base64" => new RequestPart { Image = Text(source.Required("data")), IsBareBase64 = true },
            "url" => new RequestPart { Image = Text(source.Required("url")) },
            _ => throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be base64 or url."),
        };
    }

    /// <summary>A picture as a file: <c>file_data</c>.</summary>
    public static RequestPart FilePart(JsonFields file)
    {
        if (file.TryGet("file_id", out var fileId))
        {
            throw RequestException.Unsupported(fileId.Path, "Uploaded files are not supported; send a base64 data URL.");
        }

        return new RequestPart { Image = Text(file.Required("file_data")), IsFile = true };
    }

    public static void CheckDetail(JsonFields fields)
    {
        if (fields.TryGet("detail", out var detail) && detail.AsString() is not ("auto" or "low" or "high" or "original"))
        {
            throw RequestException.InvalidValue(detail.Path, $"Invalid value for '{detail.Path}': it must be auto, low, high or original.");
        }
    }

    public static JsonField Text(JsonField field) => field.Kind == JsonValueKind.String ? field : throw field.WrongType("a string");
}
