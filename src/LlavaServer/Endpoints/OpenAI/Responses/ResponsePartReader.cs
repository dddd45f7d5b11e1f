using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>Reads one content part of an input item, or of what a function gave back. A part is read or refused, never dropped.</summary>
internal static class ResponsePartReader
{
    public static RequestPart Read(JsonFields part, ChatRole role)
    {
        var type = part.Required("type");
        switch (type.AsString())
        {
            case "input_text" or "output_text" or "text":
                return new RequestPart { Text = part.Required("text").AsString() };
            case "refusal" when role == ChatRole.Assistant:
                return new RequestPart { Text = part.Required("refusal").AsString() };
            case "input_image" or "image_url" when role != ChatRole.Assistant:
                return PartReader.ImageUrlPart(part);
            case "input_file" when role != ChatRole.Assistant:
                PartReader.CheckDetail(part);
                return part.TryGet("file_url", out var address) && !part.Has("file_id") && !part.Has("file_data")
                    ? new RequestPart { Image = PartReader.Text(address), IsFile = true }
                    : PartReader.FilePart(part);
            default:
                throw RequestException.InvalidValue(type.Path, role == ChatRole.Assistant
                    ? $"Invalid value for '{type.Path}': an assistant's message has parts of type output_text and refusal."
                    : $"Invalid value for '{type.Path}': it must be input_text, input_image or input_file.");
        }
    }
}
