using System.Security.Cryptography;

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

    /// <summary>Answers in the response: those of all prompts.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Answers to one prompt; they follow each other.</summary>
    public int ChoicesPerPrompt { get; init; } = 1;

    /// <summary>White space at the beginning of an answer is left out.</summary>
    public bool TrimsStart { get; init; } = true;

    /// <summary>Text comes with log probabilities.</summary>
    public bool HasLogProbabilities { get; init; }

    /// <summary>Every chunk with text has times.</summary>
    public bool TimesChunks { get; init; }

    /// <summary>Pictures of the request.</summary>
    public int ImageCount { get; init; }

    public static string NewId(string prefix) => prefix + RandomNumberGenerator.GetString(Alphanumerics, 28);
}
