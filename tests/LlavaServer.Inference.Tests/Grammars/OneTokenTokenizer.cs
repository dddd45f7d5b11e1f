using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>A vocabulary that cannot write what a grammar asks for.</summary>
internal sealed class OneTokenTokenizer : ITokenizer
{
    private static readonly byte[] s_text = "z"u8.ToArray();

    public int VocabularySize => 1;

    public int BosTokenId => -1;

    public int EosTokenId => -1;

    public bool AddsBos => false;

    public int LongestTokenBytes => 1;

    public void Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial, List<int> output, CancellationToken cancellationToken) => output.Add(0);

    public ReadOnlySpan<byte> GetBytes(int tokenId, bool special) => s_text;

    public bool IsEndOfGeneration(int tokenId) => false;

    public int FindToken(string tokenText) => -1;

    public void FindControlTokens(ReadOnlySpan<char> text, List<SpelledToken> output) => output.Clear();
}
