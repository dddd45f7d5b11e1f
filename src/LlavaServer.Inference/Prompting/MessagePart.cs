namespace LlavaServer.Inference.Prompting;

/// <summary>
/// A piece of a message: text, tokens, or the bytes of a picture file. Exactly one of <see cref="Text"/>, <see cref="TokenIds"/> and
/// <see cref="ImageBytes"/> is set.
/// </summary>
public sealed record MessagePart
{
    private MessagePart()
    {
    }

    public string? Text { get; private init; }

    /// <summary>Tokens of the model, in a raw or written prompt only, checked by the caller; a prompt of tokens alone is used as it is.</summary>
    public IReadOnlyList<int>? TokenIds { get; private init; }

    /// <summary>An encoded picture (PNG, JPEG, WebP, GIF or BMP), not yet looked at.</summary>
    public ReadOnlyMemory<byte>? ImageBytes { get; private init; }

    /// <summary>Where the part stands in the caller's request, for error texts: for example <c>messages[0].content[1].image_url.url</c>.</summary>
    public string Path { get; private init; } = "";

    public static MessagePart FromText(string text) => new() { Text = text };

    public static MessagePart FromTokens(IReadOnlyList<int> tokenIds) => new() { TokenIds = tokenIds };

    public static MessagePart FromImage(ReadOnlyMemory<byte> bytes, string path) => new() { ImageBytes = bytes, Path = path };
}
