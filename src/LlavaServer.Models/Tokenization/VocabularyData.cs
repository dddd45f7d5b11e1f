namespace LlavaServer.Models.Tokenization;

/// <summary>
/// The parts of a vocabulary as a file states them, with llama.cpp's defaults for what it leaves out. Texts are the file's own notation: U+2581 for a
/// space (SPM) or GPT-2's byte alphabet (BPE).
/// </summary>
internal sealed record VocabularyData
{
    public required string[] Texts { get; init; }

    /// <summary>Merge priority per token, highest first; empty when the vocabulary has none.</summary>
    public float[] Scores { get; init; } = [];

    /// <summary>Empty: all tokens are normal.</summary>
    public TokenAttributes[] Attributes { get; init; } = [];

    /// <summary>"left right" lines, best first.</summary>
    public string[] Merges { get; init; } = [];

    public int Bos { get; init; } = -1;
    public int Eos { get; init; } = -1;
    public int Unknown { get; init; } = -1;

    /// <summary>End of turn and end of message, beside <see cref="Eos"/>.</summary>
    public int[] EndOfTurn { get; init; } = [];

    /// <summary>Fill-in-the-middle tokens in the order of <see cref="SpecialTokenTexts.Fill"/>; -1: known by its text, if at all.</summary>
    public int[] Fill { get; init; } = [];

    public bool AddsBos { get; init; }
    public bool AddsEos { get; init; }
    public bool AddsSpacePrefix { get; init; }

    /// <summary>Phi-3: special tokens swallow the white space behind them.</summary>
    public bool SpecialTokensStripRight { get; init; }
}
