using System.Security.Cryptography;
using LlavaServer.Endpoints.Answers;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What every object of one answer repeats. Immutable.</summary>
internal sealed record ChatAnswer
{
    private const string Alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public string Id { get; init; } = NewId("chatcmpl-");

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    public required string Model { get; init; }

    public required string Fingerprint { get; init; }

    public bool IncludesUsage { get; init; }

    public bool HasServiceTier { get; init; }

    public AnswerShape Shape { get; init; } = new();

    /// <summary>Text comes with log probabilities.</summary>
    public bool HasLogProbabilities { get; init; }

    /// <summary>Every chunk with text has times.</summary>
    public bool TimesChunks { get; init; }

    /// <summary>Pictures of the request.</summary>
    public int ImageCount { get; init; }

    public static string NewId(string prefix) => prefix + RandomNumberGenerator.GetString(Alphanumerics, 28);
}
