namespace LlavaServer.Models.Tokenization;

/// <summary>What holds for a kind of vocabulary when its file does not say.</summary>
internal sealed record VocabularyDefaults
{
    public int Bos { get; init; } = -1;
    public int Eos { get; init; } = -1;
    public int Unknown { get; init; } = -1;
    public bool AddsBos { get; init; }
    public bool AddsSpacePrefix { get; init; }
}
