namespace LlavaServer.Inference;

/// <summary>
/// A token of an answer, or one that might have stood in its place, with its probability. Immutable. The texts of an answer's tokens in a row are the
/// answer, and so are their bytes.
/// </summary>
public sealed record TokenLogProbability
{
    /// <summary>Alternatives of a token at most, OpenAI's bound.</summary>
    public const int MostAlternatives = 20;

    public required int TokenId { get; init; }

    /// <summary>
    /// Whole characters that the token adds to the answer; without what a stop text cut off. Empty when it holds only a part of a character: the token
    /// that completes it has it. For an alternative: its bytes as text, U+FFFD for parts of characters.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>UTF-8, maybe a part of a character; without what a stop text cut off. Bytes that are no UTF-8 are U+FFFD in the text.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Natural logarithm of the softmax of the model's logits, before grammar, bias, penalties and filters; -infinity for none at all.</summary>
    public required float LogProbability { get; init; }

    /// <summary>The most likely tokens in this place, most likely first, the picked one among them if it is one of these. Empty for an alternative.</summary>
    public IReadOnlyList<TokenLogProbability> Top { get; init; } = [];
}
