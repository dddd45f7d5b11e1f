using System.Text;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>One token a byte (id = byte + 3), with beginning, end and a few control tokens: every text is split everywhere.</summary>
internal sealed class FakeTokenizer(params string[] controlTokens) : ITokenizer
{
    public const int Bos = 1;
    public const int Eos = 2;
    public const int FirstByte = 3;
    private const int FirstControl = FirstByte + 256;
    private readonly byte[][] _bytes = [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b })];

    public int EncodedTexts { get; private set; }

    public int VocabularySize => FirstControl + controlTokens.Length;

    public int BosTokenId => Bos;

    public int EosTokenId => Eos;

    public bool AddsBos { get; init; } = true;

    public int LongestTokenBytes => 1;

    public void Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial, List<int> output, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EncodedTexts++;
        Assert.False(parseSpecial);
        if (addSpecial && AddsBos)
        {
            output.Add(Bos);
        }

        foreach (var value in Encoding.UTF8.GetBytes(text.ToString()))
        {
            output.Add(FirstByte + value);
        }
    }

    public ReadOnlySpan<byte> GetBytes(int tokenId, bool special) => tokenId switch
    {
        >= FirstByte and < FirstControl => _bytes[tokenId - FirstByte],
        Bos when special => "<s>"u8,
        Eos when special => "</s>"u8,
        >= FirstControl when special => Encoding.UTF8.GetBytes(controlTokens[tokenId - FirstControl]),
        _ => [],
    };

    /// <summary>Control tokens that end answers, besides the end of sequence.</summary>
    public string[] EndTokens { get; init; } = [];

    public bool IsEndOfGeneration(int tokenId) =>
        tokenId == Eos || (tokenId >= FirstControl && EndTokens.Contains(controlTokens[tokenId - FirstControl]));

    public int FindToken(string tokenText)
    {
        var index = Array.IndexOf(controlTokens, tokenText);
        return index >= 0 ? FirstControl + index : tokenText == "</s>" ? Eos : tokenText == "<s>" ? Bos : -1;
    }

    public void FindControlTokens(ReadOnlySpan<char> text, List<SpelledToken> output)
    {
        for (var start = 0; start < text.Length; start++)
        {
            foreach (var token in controlTokens.Append("<s>").Append("</s>").OrderByDescending(t => t.Length))
            {
                if (text[start..].StartsWith(token))
                {
                    output.Add(new SpelledToken(FindToken(token), start, token.Length));
                    start += token.Length - 1;
                    break;
                }
            }
        }
    }

    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (id is >= FirstByte and < FirstControl)
            {
                bytes.Add((byte)(id - FirstByte));
                continue;
            }

            text.Append(Encoding.UTF8.GetString([.. bytes])).Append(id switch
            {
                -1 => "#",
                Bos => "<BOS>",
                Eos => "<EOS>",
                0 => "<UNK>",
                _ => "{" + controlTokens[id - FirstControl] + "}",
            });
            bytes.Clear();
        }

        return text.Append(Encoding.UTF8.GetString([.. bytes])).ToString();
    }
}
