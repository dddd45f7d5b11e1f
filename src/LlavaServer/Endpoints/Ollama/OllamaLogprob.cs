using System.Text.Json.Serialization;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>A token of an answer with its probability, or one that might have stood in its place. Immutable.</summary>
internal sealed record OllamaLogprob
{
    /// <summary>JSON has no infinity; this is no chance at all.</summary>
    private const float Least = -9999f;

    [JsonPropertyName("token")]
    public required string Token { get; init; }

    /// <summary>Natural logarithm of the probability.</summary>
    [JsonPropertyName("logprob")]
    public required float Logprob { get; init; }

    /// <summary>UTF-8 of the token, maybe a part of a character.</summary>
    [JsonPropertyName("bytes")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int[]? Bytes { get; init; }

    /// <summary>The most likely tokens in this place, most likely first.</summary>
    [JsonPropertyName("top_logprobs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OllamaLogprob>? TopLogprobs { get; init; }

    /// <summary>Null for none.</summary>
    public static IReadOnlyList<OllamaLogprob>? From(IReadOnlyList<TokenLogProbability>? tokens) =>
        tokens is { Count: > 0 } ? [.. tokens.Select(From)] : null;

    private static OllamaLogprob From(TokenLogProbability token) => new()
    {
        Token = token.Text,
        Logprob = Math.Max(token.LogProbability, Least),
        Bytes = token.Bytes.IsEmpty ? null : [.. token.Bytes.ToArray().Select(static value => (int)value)],
        TopLogprobs = From(token.Top),
    };
}
