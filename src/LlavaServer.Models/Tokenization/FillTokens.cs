namespace LlavaServer.Models.Tokenization;

/// <summary>Tokens of a model that fills a gap: what comes before it, what comes behind it, and where it begins; each -1 if there is none.</summary>
public readonly record struct FillTokens(int Prefix, int Suffix, int Middle)
{
    public static FillTokens None { get; } = new(-1, -1, -1);

    /// <summary>Whether the model can fill gaps.</summary>
    public bool AreThere => Prefix >= 0 && Suffix >= 0 && Middle >= 0;
}
