using System.Runtime.InteropServices;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// Turns what a template wrote into token ids and image rows. Every piece of text between pictures and control tokens is tokenized on its own, as the
/// LLaVA authors' <c>tokenizer_image_token</c> does, so each gets its own leading space of a SentencePiece vocabulary. Text never becomes a control
/// token, whatever it spells. Runs on request threads.
/// </summary>
internal static class PromptBuilder
{
    /// <param name="text">What the template wrote.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="pictures">All pictures of the request, by their numbers.</param>
    /// <param name="rowsPerImage">Positions that one picture takes.</param>
    /// <param name="cancellationToken">Looked at between pieces and within long ones.</param>
    public static Prompt Build(
        PromptText text, ITokenizer tokenizer, IReadOnlyList<Picture> pictures, int rowsPerImage, CancellationToken cancellationToken)
    {
        var ids = new List<int>();
        var images = new List<PromptImage>(pictures.Count);
        if (tokenizer.AddsBos && tokenizer.BosTokenId >= 0 && text.Pieces is not [{ Kind: PromptPieceKind.Tokens }, ..])
        {
            ids.Add(tokenizer.BosTokenId);
        }

        foreach (var piece in text.Pieces)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (piece.Kind)
            {
                case PromptPieceKind.Text:
                    tokenizer.Encode(piece.Text, addSpecial: false, parseSpecial: false, ids, cancellationToken);
                    break;
                case PromptPieceKind.Control:
                    AddControl(piece.Text, tokenizer, ids);
                    break;
                case PromptPieceKind.EndOfSequence when tokenizer.EosTokenId >= 0:
                    ids.Add(tokenizer.EosTokenId);
                    break;
                case PromptPieceKind.Tokens:
                    ids.AddRange(piece.TokenIds!);
                    break;
                case PromptPieceKind.Image:
                    images.Add(new PromptImage(ids.Count, rowsPerImage, pictures[piece.ImageIndex]));
                    CollectionsMarshal.SetCount(ids, ids.Count + rowsPerImage);
                    CollectionsMarshal.AsSpan(ids)[^rowsPerImage..].Fill(Prompt.ImageRow);
                    break;
            }
        }

        return new Prompt([.. ids], [.. images]);
    }

    /// <summary>Length of the text in UTF-8 bytes: what is compared with what a context can hold before anything is tokenized.</summary>
    public static long TextBytes(PromptText text)
    {
        long bytes = 0;
        foreach (var piece in text.Pieces)
        {
            bytes += System.Text.Encoding.UTF8.GetByteCount(piece.Text);
        }

        return bytes;
    }

    /// <summary>Number of tokens that are given as such.</summary>
    public static long TokenCount(PromptText text) => text.Pieces.Sum(static piece => (long)(piece.TokenIds?.Count ?? 0));

    // A vocabulary without the control token gets its spelling as text: the family was chosen although the model does not know it.
    private static void AddControl(string tokenText, ITokenizer tokenizer, List<int> ids)
    {
        var id = tokenizer.FindToken(tokenText);
        if (id >= 0)
        {
            ids.Add(id);
        }
        else
        {
            tokenizer.Encode(tokenText, addSpecial: false, parseSpecial: false, ids);
        }
    }
}
