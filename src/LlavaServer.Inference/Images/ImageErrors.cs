namespace LlavaServer.Inference.Images;

/// <summary>The texts of refused pictures, each naming limit, value and setting where there is one.</summary>
internal static class ImageErrors
{
    private const string Supported = "PNG, JPEG, WebP, GIF and BMP pictures are supported";

    public static InferenceException TooMany(int count, int limit) => Error(
        ImageError.TooMany, null, $"The request has {count} pictures; at most {limit} are allowed (Limits:Images).");

    public static InferenceException Empty(string path) => Error(ImageError.Empty, path, "The picture has no bytes.");

    public static InferenceException FileTooLarge(string path, long bytes, long limit) => Error(
        ImageError.FileTooLarge, path, $"The picture file has {bytes} bytes; at most {limit} are allowed (Limits:ImageBytes).");

    public static InferenceException TooManyPixels(string path, long width, long height, long limit) => Error(
        ImageError.TooLarge, path, $"The picture has {width} x {height} pixels; at most {limit} pixels are allowed (Limits:ImagePixels).");

    public static InferenceException SideTooLong(string path, long width, long height, long limit) => Error(
        ImageError.TooLarge, path, $"The picture has {width} x {height} pixels; a side may have at most {limit} (Limits:ImageSide).");

    public static InferenceException TooSmall(string path, long width, long height) => Error(
        ImageError.TooSmall, path, $"The picture has {width} x {height} pixels; both sides must have at least one.");

    public static InferenceException NotSupported(string path, string? format) => format is null
        ? Error(ImageError.NotAnImage, path, $"The bytes are not a picture; {Supported}.")
        : Error(ImageError.UnsupportedFormat, path, $"{format} files are not supported; {Supported}.");

    public static InferenceException Damaged(string path, ImageFormat format) => Error(
        ImageError.ParseError, path, $"The picture is a damaged or incomplete {Name(format)} file.");

    public static InferenceException TooManyScans(string path, int scans) => Error(
        ImageError.ParseError, path, $"The picture is a JPEG file with {scans} scans, more than a picture of its size may have.");

    public static InferenceException TooSlow(string path, TimeSpan limit) => Error(
        ImageError.ParseError, path, $"The picture could not be decoded in {limit.TotalSeconds:0.###} s (Images:DecodeTime).");

    private static string Name(ImageFormat format) => format switch
    {
        ImageFormat.Png => "PNG",
        ImageFormat.Jpeg => "JPEG",
        ImageFormat.WebP => "WebP",
        ImageFormat.Gif => "GIF",
        _ => "BMP",
    };

    private static InferenceException Error(ImageError error, string? path, string message) =>
        new(InferenceError.InvalidImage, message) { ImageError = error, Parameter = string.IsNullOrEmpty(path) ? null : path };
}
