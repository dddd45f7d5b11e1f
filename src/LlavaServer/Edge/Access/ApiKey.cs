using System.Security.Cryptography;
using System.Text;

namespace LlavaServer.Edge.Access;

/// <summary>One configured key: what it is called, and the SHA-256 of its text, which is kept nowhere else. Immutable.</summary>
internal sealed class ApiKey(string name, string text, bool isAdmin)
{
    private readonly byte[] _hash = HashOf(text);

    /// <summary>For the request log; no secret.</summary>
    public string Name { get; } = name;

    /// <summary>May also change models.</summary>
    public bool IsAdmin { get; } = isAdmin;

    public static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>Takes the same time whatever differs.</summary>
    public bool Matches(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(_hash, hash);
}
