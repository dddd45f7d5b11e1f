using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace LlavaServer.Models.Store;

/// <summary>The SHA-256 of a file's content, and the only way to the name of a blob: it is made of the 32 bytes, never of a caller's text. Immutable.</summary>
public readonly record struct Digest
{
    private const int PrefixLength = 7;
    private const int HexLength = 2 * SHA256.HashSizeInBytes;
    private readonly string? _hex;

    private Digest(string hex) => _hex = hex;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex => _hex ?? throw new InvalidOperationException("The digest was never set.");

    /// <summary>Name of the blob's file: <c>sha256-</c> and the digits.</summary>
    public string FileName => "sha256-" + Hex;

    /// <param name="hash">32 bytes.</param>
    public static Digest FromHash(ReadOnlySpan<byte> hash) => hash.Length == SHA256.HashSizeInBytes
        ? new Digest(Convert.ToHexStringLower(hash))
        : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(hash));

    /// <summary>The digest of some bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>Reads <c>sha256:</c> or <c>sha256-</c> and 64 hexadecimal digits of either case, and nothing else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != PrefixLength + HexLength || !text.StartsWith("sha256", StringComparison.Ordinal) || text[PrefixLength - 1] is not (':' or '-'))
        {
            return false;
        }

        foreach (var c in text.AsSpan(PrefixLength))
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        digest = new Digest(text[PrefixLength..].ToLowerInvariant());
        return true;
    }

    /// <summary>As manifests write it: <c>sha256:</c> and the digits.</summary>
    public override string ToString() => "sha256:" + Hex;
}
