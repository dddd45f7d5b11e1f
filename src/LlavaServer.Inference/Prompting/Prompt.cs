namespace LlavaServer.Inference.Prompting;

/// <summary>What a sequence starts with: token ids and rows of pictures, one per position. Immutable.</summary>
internal sealed class Prompt
{
    /// <summary>Stands at the positions of image rows in <see cref="TokenIds"/>; never compared, never an identity.</summary>
    public const int ImageRow = -1;

    public Prompt(int[] tokenIds, PromptImage[] images)
    {
        TokenIds = tokenIds;
        Images = images;
        ImageRowCount = images.Sum(i => i.RowCount);
    }

    public int[] TokenIds { get; }

    /// <summary>In order of position, not overlapping.</summary>
    public PromptImage[] Images { get; }

    public int Length => TokenIds.Length;

    public int ImageRowCount { get; }

    /// <summary>The picture that has a row at a position.</summary>
    public PromptImage ImageAt(int position)
    {
        foreach (var image in Images)
        {
            if (position >= image.Start && position < image.Start + image.RowCount)
            {
                return image;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(position));
    }

    /// <summary>Number of positions at the beginning that have the same content: the same tokens and rows of the same pictures.</summary>
    public int CommonPrefix(Prompt other)
    {
        var common = TokenIds.AsSpan().CommonPrefixLength(other.TokenIds);
        for (var i = 0; i < Images.Length && Images[i].Start < common; i++)
        {
            // All before is equal, so the same number of pictures went before on both sides.
            if (Images[i].RowCount != other.Images[i].RowCount || Images[i].Picture.Hash != other.Images[i].Picture.Hash)
            {
                return Images[i].Start;
            }
        }

        return common;
    }
}
