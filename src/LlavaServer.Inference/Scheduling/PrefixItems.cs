using System.Runtime.InteropServices;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// What stands at the positions of sequences, as numbers that are equal exactly if the content is: token ids, and for rows of pictures a number of the
/// picture, given out by its full content hash and never twice, with the row. The first position is of a number of the scope too, so that nothing is equal
/// between scopes. Owned by the scheduler thread.
/// </summary>
internal sealed class PrefixItems
{
    private const int RowBits = 20;
    private const int ScopeBits = 32;
    private const int MostScopes = 4096;
    private const int MostPictures = 4096;
    private readonly Dictionary<(ContentHash, string), long> _pictures = [];
    private readonly Dictionary<string, long> _scopes = [];
    private long[] _items = new long[512];
    private long _nextPicture;
    private long _nextScope;

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

        if (length > 0)
        {
            _items[0] = OfScope(sequence, _items[0]);
        }

        foreach (var image in sequence.Prompt.Images)
        {
            var first = FirstRow(image, sequence);
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
            return position == 0 ? OfScope(sequence, tokenId) : tokenId;
        }

        var image = sequence.Prompt.ImageAt(position);
        return ~(FirstRow(image, sequence) | (long)(position - image.Start));
    }

    // Scopes are few: keys of callers, or addresses; forgetting them costs what forgetting pictures does.
    private long OfScope(Sequence sequence, long tokenId)
    {
        if (sequence.Request.Scope.Length == 0 || tokenId < 0)
        {
            return tokenId;
        }

        if (_scopes.Count >= MostScopes && !_scopes.ContainsKey(sequence.Request.Scope))
        {
            _scopes.Clear();
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_scopes, sequence.Request.Scope, out var isKnown);
        if (!isKnown)
        {
            number = ++_nextScope << ScopeBits;
        }

        return number | tokenId;
    }

    private long FirstRow(PromptImage image, Sequence sequence)
    {
        var key = (image.Picture.Hash, sequence.Request.Scope);
        if (_pictures.Count >= MostPictures && !_pictures.ContainsKey(key))
        {
            // Numbers are not given out again, so forgetting them costs a beginning that is not recognised, never a wrong one.
            _pictures.Clear();
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_pictures, key, out var isKnown);
        if (!isKnown)
        {
            number = _nextPicture++ << RowBits;
        }

        return number;
    }
}
