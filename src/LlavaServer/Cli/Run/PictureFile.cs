using LlavaServer.Cli.Client;
using LlavaServer.Inference.Images;

namespace LlavaServer.Cli.Run;

/// <summary>A picture that goes with a question, as <c>image_url</c> has it. Immutable.</summary>
/// <param name="Url">A data URL, or the address that the server is to fetch it from.</param>
/// <param name="Label">Name and size, for the user.</param>
internal sealed record PictureFile(string Url, string Label)
{
    private const string StandardInput = "-";
    private const long MaxBytes = 100_000_000;

    /// <summary>A picture by what <c>--image</c> or <c>/image</c> names. Throws <see cref="VerbException"/> for what is none.</summary>
    public static PictureFile Open(string source)
    {
        if (source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return new PictureFile(source, source);
        }

        if (source == StandardInput)
        {
            using var bytes = new MemoryStream();
            using var input = Console.OpenStandardInput();
            input.CopyTo(bytes);
            return Of(bytes.ToArray(), "standard input") ?? throw new VerbException(ExitCodes.WrongUsage, "Standard input is no picture.");
        }

        var path = PicturePath.Resolve(source);
        return TryOpen(path, out var problem) ?? throw new VerbException(ExitCodes.WrongUsage, $"{source}: {problem}");
    }

    /// <summary>The picture in a file; null with the problem when there is none.</summary>
    public static PictureFile? TryOpen(string path, out string problem)
    {
        problem = "no picture in a format that is read (JPEG, PNG, WebP, GIF, BMP)";
        try
        {
            if (Directory.Exists(path))
            {
                problem = "is a folder";
                return null;
            }

            // Devices and pipes have no length.
            if (new FileInfo(path).Length is 0 or > MaxBytes)
            {
                problem = "empty, or larger than 100 MB";
                return null;
            }

            return IsPicture(path) ? Of(File.ReadAllBytes(path), Path.GetFileName(path)) : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            problem = "no such file";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problem = "cannot be read";
        }

        return null;
    }

    // Any word of a prompt may be the name of a huge file.
    private static bool IsPicture(string path)
    {
        Span<byte> head = stackalloc byte[ImageFacts.HeadBytes];
        using var file = File.OpenRead(path);
        return ImageFacts.LooksLike(head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
    }

    private static PictureFile? Of(byte[] bytes, string name) => ImageFacts.TryRead(bytes, out var facts)
        ? new PictureFile($"data:{facts.MediaType};base64,{Convert.ToBase64String(bytes)}", $"{name} ({facts.Width}x{facts.Height})")
        : null;
}
