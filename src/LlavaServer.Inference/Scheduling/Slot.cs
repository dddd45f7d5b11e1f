using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// One sequence slot of the engine: who uses it, and what the keys and values stored in it stand for. Owned by the scheduler thread. Pictures are
/// compared by content hash, never by their placeholder.
/// </summary>
internal sealed class Slot(SequenceId id, int contextLength)
{
    private readonly int[] _tokenIds = new int[contextLength];
    private readonly List<PromptImage> _images = [];

    public SequenceId Id { get; } = id;

    public Sequence? Sequence { get; set; }

    /// <summary>Positions stored in the engine.</summary>
    public int Length { get; private set; }

    /// <summary>Step in which the slot was used last.</summary>
    public long LastUsed { get; set; }

    /// <summary>Number of positions at the beginning of the prompt that are stored here.</summary>
    public int CommonPrefix(Prompt prompt)
    {
        var end = Math.Min(Length, prompt.Length);
        var image = 0;
        var position = 0;
        while (position < end)
        {
            if (_tokenIds[position] != Prompt.ImageRow)
            {
                if (_tokenIds[position] != prompt.TokenIds[position])
                {
                    return position;
                }

                position++;
                continue;
            }

            // All before is equal, so the same number of pictures went before on both sides.
            if (image >= prompt.Images.Length
                || prompt.Images[image].Start != position
                || prompt.Images[image].RowCount != _images[image].RowCount
                || prompt.Images[image].Picture.Hash != _images[image].Picture.Hash)
            {
                return position;
            }

            position += _images[image++].RowCount;
        }

        return end;
    }

    public void Add(int tokenId) => _tokenIds[Length++] = tokenId;

    public void AddImageRow(PromptImage image)
    {
        if (image.Start == Length)
        {
            _images.Add(image);
        }

        _tokenIds[Length++] = Prompt.ImageRow;
    }

    public void Truncate(int length)
    {
        Length = Math.Min(Length, length);
        _images.RemoveAll(i => i.Start >= Length);
    }

    public void CopyFrom(Slot source, int length)
    {
        source._tokenIds.AsSpan(0, length).CopyTo(_tokenIds);
        _images.Clear();
        _images.AddRange(source._images.Where(i => i.Start < length));
        Length = length;
    }
}
