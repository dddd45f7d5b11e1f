namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>
/// The memory of a fake engine: positions in blocks that sequences share, counted once. A block that is shared and not full is copied before it is
/// written. It holds no content, only who uses how much.
/// </summary>
internal sealed class FakeBlocks(int sequenceCount, int blockCount)
{
    public const int Size = 4;
    private readonly Dictionary<int, int> _users = [];
    private readonly List<int>[] _blocks = [.. Enumerable.Range(0, sequenceCount).Select(_ => new List<int>())];
    private readonly int[] _lengths = new int[sequenceCount];
    private int _next;

    public int Used => _users.Count;

    public int Free => blockCount - _users.Count;

    public int Length(int sequence) => _lengths[sequence];

    /// <summary>Blocks that rows of a sequence would take.</summary>
    public int Needed(int sequence, int rows)
    {
        var length = _lengths[sequence];
        var blocks = ((length + rows + Size - 1) / Size) - _blocks[sequence].Count;
        return length % Size != 0 && _users[_blocks[sequence][^1]] > 1 ? blocks + 1 : blocks;
    }

    public void Append(int sequence)
    {
        var blocks = _blocks[sequence];
        if (_lengths[sequence] % Size == 0)
        {
            blocks.Add(New());
        }
        else if (_users[blocks[^1]] > 1)
        {
            _users[blocks[^1]]--;
            blocks[^1] = New();
        }

        _lengths[sequence]++;
    }

    public void Truncate(int sequence, int length)
    {
        Assert.InRange(length, 0, _lengths[sequence]);
        var blocks = _blocks[sequence];
        while (blocks.Count > (length + Size - 1) / Size)
        {
            if (--_users[blocks[^1]] == 0)
            {
                _users.Remove(blocks[^1]);
            }

            blocks.RemoveAt(blocks.Count - 1);
        }

        _lengths[sequence] = length;
    }

    public void Share(int source, int target, int length)
    {
        Assert.NotEqual(source, target);
        Assert.InRange(length, 0, _lengths[source]);
        Truncate(target, 0);
        foreach (var block in _blocks[source].Take((length + Size - 1) / Size))
        {
            _users[block]++;
            _blocks[target].Add(block);
        }

        _lengths[target] = length;
    }

    private int New()
    {
        Assert.True(Free > 0, "the fake engine has no block left");
        _users.Add(_next, 1);
        return _next++;
    }
}
