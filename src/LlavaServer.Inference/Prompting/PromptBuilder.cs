using System.Runtime.InteropServices;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// Turns what a template wrote into token ids and image rows. Every piece of text between pictures and control tokens is tokenized on its own, as the
/// LLaVA authors' <c>tokenizer_image_token</c> does, so each gets its own leading space of a SentencePiece vocabulary. Text never becomes a control
/// token, whatever it spells, unless its writer wrote the whole prompt. Runs on request threads.
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
        if (tokenizer.BosTokenId >= 0 && Begins(text, tokenizer))
        {
            ids.Add(tokenizer.BosTokenId);
        }

        var begin = ids.Count;
        foreach (var piece in text.Pieces)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (piece.Kind)
            {
                case PromptPieceKind.Text:
                    tokenizer.Encode(piece.Text, addSpecial: false, parseSpecial: false, ids, cancellationToken);
                    break;
                case PromptPieceKind.Spelled:
                    tokenizer.Encode(piece.Text, addSpecial: false, parseSpecial: true, ids, cancellationToken);
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

        // A caller who wrote the token that begins a text means that one.
        if (begin == 1 && ids.Count > 1 && ids[1] == ids[0] && text.Pieces[0].Kind is PromptPieceKind.Spelled or PromptPieceKind.Tokens)
        {
            ids.RemoveAt(0);
            images = images.ConvertAll(static image => image with { Start = image.Start - 1 });
        }

        return new Prompt([.. ids], [.. images]);
    }

    /// <summary>Tokens and image rows at least, without tokenizing: no token has more bytes than the longest.</summary>
    public static long FewestTokens(PromptText text, ITokenizer tokenizer, long imageRows) =>
        (TextBytes(text) / Math.Max(1, tokenizer.LongestTokenBytes)) + text.Pieces.Sum(static piece => (long)(piece.TokenIds?.Count ?? 0)) + imageRows
        + (Begins(text, tokenizer) ? 1 : 0);

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

    private static bool Begins(PromptText text, ITokenizer tokenizer) => tokenizer.AddsBos && text.Pieces is not [{ Kind: PromptPieceKind.Tokens }];

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
