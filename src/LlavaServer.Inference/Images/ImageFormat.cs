namespace LlavaServer.Inference.Images;

/// <summary>Formats of pictures that are read.</summary>
internal enum ImageFormat
{
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
}
