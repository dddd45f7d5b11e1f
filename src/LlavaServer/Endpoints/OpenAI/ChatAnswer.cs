using System.Security.Cryptography;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What every object of one answer repeats. Immutable.</summary>
internal sealed record ChatAnswer
{
    private const string Alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public string Id { get; init; } = "chatcmpl-" + RandomNumberGenerator.GetString(Alphanumerics, 28);

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    public required string Model { get; init; }

    public required string Fingerprint { get; init; }

    public bool IncludesUsage { get; init; }

    public bool HasServiceTier { get; init; }

    /// <summary>Pictures of the request.</summary>
    public int ImageCount { get; init; }
}
