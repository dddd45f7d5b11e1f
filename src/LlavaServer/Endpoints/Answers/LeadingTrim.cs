using System.Text;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>Takes the white space off the beginning of an answer that arrives in pieces, and off its tokens. One answer.</summary>
internal struct LeadingTrim
{
    private bool _hasText;

    public string Next(string piece)
    {
        if (_hasText)
        {
            return piece;
        }

        var text = piece.TrimStart();
        _hasText = text.Length > 0;
        return text;
    }

    public GenerationUpdate Next(GenerationUpdate piece)
    {
        var text = Next(piece.Text);
        return text.Length == piece.Text.Length ? piece
            : piece with { Text = text, Tokens = piece.Tokens is { } tokens ? Trim(tokens, piece.Text[..^text.Length]) : null };
    }

    // White space is whole characters, so the bytes to be cut are known whatever tokens they are in.
    private static List<TokenLogProbability> Trim(IReadOnlyList<TokenLogProbability> tokens, string space)
    {
        var (bytes, characters) = (Encoding.UTF8.GetByteCount(space), space.Length);
        var kept = new List<TokenLogProbability>(tokens.Count);
        foreach (var token in tokens)
        {
            var (fromBytes, fromText) = (Math.Min(bytes, token.Bytes.Length), Math.Min(characters, token.Text.Length));
            bytes -= fromBytes;
            characters -= fromText;
            if (fromBytes < token.Bytes.Length)
            {
                kept.Add(fromBytes == 0 ? token : token with { Bytes = token.Bytes[fromBytes..], Text = token.Text[fromText..] });
            }
        }

        return kept;
    }
}
