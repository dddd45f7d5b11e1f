using System.Text.Json.Nodes;

namespace LlavaServer.Cli.Run;

/// <summary>A conversation as it is sent: model, what was said, and how to answer. Owned by one run of the verb.</summary>
internal sealed class Chat
{
    private readonly List<JsonObject> _messages = [];

    public required string Model { get; set; }

    /// <summary>System text of the user's; empty leaves the model's own.</summary>
    public string System { get; set; } = "";

    public ModelParameters Parameters { get; } = new();

    public JsonObject? Format { get; set; }

    /// <summary>Pictures of all questions, for the user.</summary>
    public List<string> PictureLabels { get; } = [];

    public bool IsEmpty => _messages.Count == 0;

    public void Clear()
    {
        _messages.Clear();
        PictureLabels.Clear();
    }

    public void Ask(string text, IReadOnlyList<PictureFile> pictures)
    {
        JsonNode content = text;
        if (pictures.Count > 0)
        {
            var parts = new JsonArray([.. pictures.Select(static picture => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = picture.Url } })]);
            if (text.Length > 0)
            {
                parts.Add(new JsonObject { ["type"] = "text", ["text"] = text });
            }

            content = parts;
        }

        _messages.Add(new JsonObject { ["role"] = "user", ["content"] = content });
        PictureLabels.AddRange(pictures.Select(static picture => picture.Label));
    }

    public void Answered(string text) => _messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = text });

    /// <summary>Takes the last question and its pictures back: nothing of an answer came.</summary>
    public void TakeBack(int pictures)
    {
        _messages.RemoveAt(_messages.Count - 1);
        PictureLabels.RemoveRange(PictureLabels.Count - pictures, pictures);
    }

    /// <summary>What was said, without pictures.</summary>
    public JsonArray TextMessages => [.. _messages.Select(static message => new JsonObject
    {
        ["role"] = message["role"]!.DeepClone(),
        ["content"] = message["content"] is JsonArray parts ? string.Concat(parts.Select(static part => (string?)part!["text"])) : message["content"]!.DeepClone(),
    })];

    /// <summary>The request for the next answer.</summary>
    public JsonObject ToRequest()
    {
        var messages = new JsonArray();
        if (System.Length > 0)
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = System });
        }

        _messages.ForEach(message => messages.Add(message.DeepClone()));
        var request = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = messages,
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
            ["return_progress"] = true,
        };
        Parameters.AddTo(request);
        if (Format is not null)
        {
            request["response_format"] = Format.DeepClone();
        }

        return request;
    }
}
