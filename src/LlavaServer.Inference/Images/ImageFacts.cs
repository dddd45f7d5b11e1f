using System.Diagnostics.CodeAnalysis;

namespace LlavaServer.Inference.Images;

/// <summary>What the first bytes of a file say of it as a picture. Immutable.</summary>
/// <param name="MediaType">For example <c>image/png</c>.</param>
/// <param name="Width">Pixels, before orientation.</param>
/// <param name="Height">Pixels, before orientation.</param>
public sealed record ImageFacts(string MediaType, long Width, long Height)
{
    /// <summary>Bytes by which a format is known.</summary>
    public const int HeadBytes = 32;

    /// <summary>Whether the first <see cref="HeadBytes"/> bytes of a file are those of a format that the server reads.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> head) => ImageSignature.Identify(head, out _) is not null;

    /// <summary>Whether a file is a picture that the server reads, judged by its content; allocates nothing for one that is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out ImageFacts? facts)
    {
        facts = ImageSignature.Identify(file, out _) is { } format && ImageHeader.Read(format, file) is { } header
            ? new ImageFacts($"image/{format.ToString().ToLowerInvariant()}", header.Width, header.Height)
            : null;
        return facts is not null;
    }
}
