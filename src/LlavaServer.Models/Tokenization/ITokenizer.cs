namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Turns text into token ids and token ids back into bytes. Immutable and thread-safe after loading; one instance serves all requests of a model.
/// </summary>
public interface ITokenizer
{
    int VocabularySize { get; }

    /// <summary>Beginning-of-sequence token, or -1.</summary>
    int BosTokenId { get; }

    /// <summary>End-of-sequence token, or -1.</summary>
    int EosTokenId { get; }

    /// <summary>Whether a prompt starts with <see cref="BosTokenId"/>.</summary>
    bool AddsBos { get; }

    /// <summary>Length in bytes of the longest token text: the bound of what a context of n tokens can hold is n times this.</summary>
    int LongestTokenBytes { get; }

    /// <summary>
    /// Appends the tokens of <paramref name="text"/> to <paramref name="output"/>.
    /// </summary>
    /// <param name="text">Any text; lone surrogates become U+FFFD.</param>
    /// <param name="addSpecial">Add the begin and end tokens that the vocabulary asks for.</param>
    /// <param name="parseSpecial">Match control tokens spelt out in the text. False for text that a user wrote.</param>
    /// <param name="output">Receives the ids; what it holds after a cancellation is of no use.</param>
    /// <param name="cancellationToken">Looked at every few thousand merges: a long text takes tenths of a second.</param>
    void Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial, List<int> output, CancellationToken cancellationToken = default);

    /// <summary>
    /// The bytes that a token stands for, in output text. A control token has no bytes unless <paramref name="special"/>; a byte token has one byte,
    /// which may be part of a UTF-8 sequence.
    /// </summary>
    ReadOnlySpan<byte> GetBytes(int tokenId, bool special);

    /// <summary>Whether the model ends its answer by this token.</summary>
    bool IsEndOfGeneration(int tokenId);

    /// <summary>Fill-in-the-middle tokens of a code model.</summary>
    FillTokens FillTokens => FillTokens.None;

    /// <summary>The id of the token with exactly this text in the vocabulary, or -1.</summary>
    int FindToken(string tokenText);

    /// <summary>
    /// Appends the control tokens that <see cref="Encode"/> with <c>parseSpecial</c> would find in the text, from left to right. For text of a chat
    /// template, whose other parts are tokenized together with what users wrote.
    /// </summary>
    void FindControlTokens(ReadOnlySpan<char> text, List<SpelledToken> output);
}
