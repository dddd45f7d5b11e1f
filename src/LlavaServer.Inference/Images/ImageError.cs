namespace LlavaServer.Inference.Images;

/// <summary>Why a picture was refused.</summary>
public enum ImageError
{
    /// <summary>No bytes.</summary>
    Empty,

    /// <summary>More bytes than <c>Limits:ImageBytes</c>.</summary>
    FileTooLarge,

    /// <summary>More pixels or a longer side than the limits.</summary>
    TooLarge,

    /// <summary>A side of zero pixels.</summary>
    TooSmall,

    /// <summary>A known kind of file, but not PNG, JPEG, WebP, GIF or BMP.</summary>
    UnsupportedFormat,

    /// <summary>Nothing that is known as a picture or another kind of file.</summary>
    NotAnImage,

    /// <summary>Damaged or truncated, or decoding took too long.</summary>
    ParseError,

    /// <summary>More pictures than <c>Limits:Images</c>.</summary>
    TooMany,
}
