using System.Runtime.InteropServices;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// What stands at the positions of sequences, as numbers that are equal exactly if the content is: token ids, and for rows of pictures a number of the
/// picture, given out by its full content hash and never twice, with the row. Owned by the scheduler thread.
/// </summary>
internal sealed class PrefixItems
{
    private const int RowBits = 20;
    private const int MostPictures = 4096;
    private readonly Dictionary<ContentHash, long> _pictures = [];
    private long[] _items = new long[512];
    private long _nextPicture;

    /// <summary>All positions of a sequence, valid until the next call.</summary>
    public ReadOnlySpan<long> Of(Sequence sequence)
    {
        var length = sequence.Length;
        if (_items.Length < length)
        {
            _items = new long[Math.Max(length, _items.Length * 2)];
        }

        for (var i = 0; i < length; i++)
        {
            _items[i] = sequence.TokenAt(i);
        }

        foreach (var image in sequence.Prompt.Images)
        {
            var first = FirstRow(image);
            for (var row = 0; row < image.RowCount; row++)
            {
                _items[image.Start + row] = ~(first | (long)row);
            }
        }

        return _items.AsSpan(0, length);
    }

    /// <summary>One position of a sequence.</summary>
    public long At(Sequence sequence, int position)
    {
        var tokenId = sequence.TokenAt(position);
        if (tokenId != Prompt.ImageRow)
        {
            return tokenId;
        }

        var image = sequence.Prompt.ImageAt(position);
        return ~(FirstRow(image) | (long)(position - image.Start));
    }

    private long FirstRow(PromptImage image)
    {
        if (_pictures.Count >= MostPictures && !_pictures.ContainsKey(image.Picture.Hash))
        {
            // Numbers are not given out again, so forgetting them costs a beginning that is not recognised, never a wrong one.
            _pictures.Clear();
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_pictures, image.Picture.Hash, out var isKnown);
        if (!isKnown)
        {
            number = _nextPicture++ << RowBits;
        }

        return number;
    }
}
