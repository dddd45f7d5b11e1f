namespace LlavaServer.Inference.Grammars;

/// <summary>A translated part of a pattern, with how many characters it writes.</summary>
internal readonly record struct RegexPiece(GrammarExpression Expression, long Min, long? Max)
{
    /// <summary>The character that is repeated, when the part is one character repeated from <see cref="Min"/> to <see cref="Max"/> times.</summary>
    public GrammarExpression? Character { get; init; }
}
