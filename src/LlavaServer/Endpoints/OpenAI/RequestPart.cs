using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>A text, or the JSON string that holds a picture. Lives as long as the body.</summary>
internal readonly record struct RequestPart
{
    public string? Text { get; init; }

    /// <summary>Set for a picture: a data URL or bare base64.</summary>
    public JsonField? Image { get; init; }

    /// <summary>The picture's text is base64 without an address in front (Anthropic's form).</summary>
    public bool IsBareBase64 { get; init; }

    /// <summary>The picture came as a file part, which is refused in other words when it is none.</summary>
    public bool IsFile { get; init; }
}
