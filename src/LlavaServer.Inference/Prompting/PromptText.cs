using System.Text;
using LlavaServer.Inference.Tools;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// What a template writes: pieces of text, control tokens and pictures. Text that follows text becomes one piece, because a piece is tokenized as a
/// whole; only <see cref="Control"/> can make a control token, so text of a user never can.
/// </summary>
internal sealed class PromptText
{
    private readonly StringBuilder _text = new();
    private readonly List<PromptPiece> _pieces = [];

    public IReadOnlyList<PromptPiece> Pieces
    {
        get
        {
            EndText();
            return _pieces;
        }
    }

    public long TextLength { get; private set; }

    /// <summary>How the model that reads this prompt writes calls of tools.</summary>
    public CallSyntax Calls { get; set; } = CallSyntax.Generic;

    public PromptText Text(string text)
    {
        _text.Append(text);
        TextLength += text.Length;
        return this;
    }

    /// <summary>A token by its spelling in the vocabulary.</summary>
    public PromptText Control(string tokenText)
    {
        EndText();
        _pieces.Add(new PromptPiece(PromptPieceKind.Control, tokenText, 0));
        return this;
    }

    /// <summary>Text of a caller who writes the whole prompt: it may spell control tokens.</summary>
    public PromptText Spelled(string text)
    {
        EndText();
        _pieces.Add(new PromptPiece(PromptPieceKind.Spelled, text, 0));
        TextLength += text.Length;
        return this;
    }

    /// <summary>The vocabulary's end-of-sequence token.</summary>
    public PromptText EndOfSequence()
    {
        EndText();
        _pieces.Add(new PromptPiece(PromptPieceKind.EndOfSequence, "", 0));
        return this;
    }

    /// <param name="index">Number of the picture in the request.</param>
    public PromptText Image(int index)
    {
        EndText();
        _pieces.Add(new PromptPiece(PromptPieceKind.Image, "", index));
        return this;
    }

    /// <summary>Tokens as the caller gave them.</summary>
    public PromptText Tokens(IReadOnlyList<int> tokenIds)
    {
        EndText();
        _pieces.Add(new PromptPiece(PromptPieceKind.Tokens, "", 0, tokenIds));
        return this;
    }

    /// <summary>The prompt as one string: control tokens spelt out, a marker for every picture.</summary>
    public string ToPlainText(ITokenizer tokenizer, string imageMarker)
    {
        var plain = new StringBuilder();
        foreach (var piece in Pieces)
        {
            plain.Append(piece.Kind switch
            {
                PromptPieceKind.Image => imageMarker,
                PromptPieceKind.EndOfSequence when tokenizer.EosTokenId >= 0 =>
                    Encoding.UTF8.GetString(tokenizer.GetBytes(tokenizer.EosTokenId, special: true)),
                PromptPieceKind.Tokens => Spelling(piece.TokenIds!, tokenizer),
                _ => piece.Text,
            });
        }

        return plain.ToString();
    }

    private static string Spelling(IReadOnlyList<int> tokenIds, ITokenizer tokenizer)
    {
        var bytes = new List<byte>();
        foreach (var tokenId in tokenIds)
        {
            bytes.AddRange(tokenizer.GetBytes(tokenId, special: true));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private void EndText()
    {
        if (_text.Length > 0)
        {
            _pieces.Add(new PromptPiece(PromptPieceKind.Text, _text.ToString(), 0));
            _text.Clear();
        }
    }
}
