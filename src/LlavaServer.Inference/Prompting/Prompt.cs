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
}
