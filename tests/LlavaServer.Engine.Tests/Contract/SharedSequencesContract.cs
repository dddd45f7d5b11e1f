using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.Contract;

/// <summary>
/// What every engine owes the scheduler about sequences that share positions. A derived class opens an engine on a small model with more ids than its
/// positions could fill: 12 sequences of at most 96 positions, memory for 256 positions, 48 rows a batch.
/// </summary>
public abstract class SharedSequencesContract : IDisposable
{
    private const int Sequences = 12;
    private const int Context = 96;
    private const int Memory = 256;

    private readonly Batch _batch = new(48);
    private readonly List<int>[] _stored = [.. Enumerable.Range(0, Sequences).Select(_ => new List<int>())];
    private IInferenceEngine? _engine;
    private IInferenceEngine? _fresh;

    /// <summary>By how much logits may differ between batches of other sizes.</summary>
    protected virtual float Tolerance => 2e-3f;

    /// <summary>Positions that are given out together: what a sequence needs to go on apart from one that it shares with.</summary>
    protected virtual int BlockSize => 32;

    private IInferenceEngine Engine => _engine ??= Open();

    protected abstract IInferenceEngine Open();

    [Fact]
    public void Info_PositionsAskedFor_Reported()
    {
        Assert.Equal(Sequences, Engine.Info.SequenceCount);
        Assert.Equal(Context, Engine.Info.ContextLength);
        Assert.Equal(Memory, Engine.Info.KVPositions);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(32)]
    [InlineData(40)]
    public void CopySequence_BothContinue_EachAsAlone(int shared)
    {
        Add(0, 44, seed: 1);
        Copy(0, 1, shared);
        Add(1, 9, seed: 2);
        AssertAsAlone(0);
        AssertAsAlone(1);
        Add(0, 9, seed: 3);
        AssertAsAlone(1);
        AssertAsAlone(0);
    }

    [Fact]
    public void CopySequence_BothContinueInOneStep_EachAsAlone()
    {
        Add(0, 40, seed: 4);
        Copy(0, 1, 40);
        Copy(0, 2, 40);
        _batch.Clear();
        for (int sequence = 0; sequence < 3; sequence++)
        {
            _batch.AddToken(new SequenceId(sequence), 40, 270 + sequence, false);
            _stored[sequence].Add(270 + sequence);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        Assert.All(Enumerable.Range(0, 3), AssertAsAlone);
    }

    [Fact]
    public void RemoveSequence_OneOfTwoThatShare_OtherIntact()
    {
        Add(0, 50, seed: 5);
        Copy(0, 1, 50);
        Remove(0, 0);
        Add(2, 90, seed: 6);
        Add(3, 90, seed: 7);
        AssertAsAlone(1);
    }

    [Fact]
    public void RemoveSequence_IntoSharedPositions_OtherIntact()
    {
        Add(0, 50, seed: 8);
        Copy(0, 1, 45);
        Remove(1, 10);
        Add(1, 30, seed: 9);
        AssertAsAlone(0);
        AssertAsAlone(1);
    }

    [Fact]
    public void CopySequence_OverTargetThatShares_NothingLost()
    {
        Add(0, 40, seed: 10);
        Copy(0, 1, 40);
        Add(1, 10, seed: 11);
        Copy(1, 0, 45);
        Copy(0, 0, 33);
        Add(0, 5, seed: 12);
        AssertAsAlone(0);
        AssertAsAlone(1);
        Remove(0, 0);
        Remove(1, 0);
        AssertEverythingIsFree();
    }

    [Fact]
    public void CopySequence_SharedPositions_CountOnce()
    {
        Add(0, 96, seed: 13);
        for (int sequence = 1; sequence < Sequences; sequence++)
        {
            Copy(0, sequence, 96);
        }

        // 12 sequences hold 1,152 positions in the memory of 96: a fresh one still finds room for the rest.
        Remove(1, 0);
        Remove(2, 0);
        Add(1, 96, seed: 14);
        Add(2, 64, seed: 15);
        Assert.Equal(DecodeStatus.NoSpace, TryAdd(2, 1, seed: 16));
        for (int sequence = 1; sequence < Sequences; sequence++)
        {
            // The first of them shares nothing; room for the check of the next is made by giving up the one before.
            AssertAsAlone(sequence);
            Remove(sequence, 0);
        }

        AssertAsAlone(0);
    }

    [Fact]
    public void Decode_NoFreePositions_NothingChangedAndWorksAfterRoomWasMade()
    {
        Add(0, 96, seed: 17);
        Add(1, 96, seed: 18);
        Add(2, 40, seed: 19);
        Copy(2, 3, 40);
        Copy(2, 4, 40);

        // 2 and 3 need a block of their own each to go on apart from 4; none is left, or one.
        int rest = BlockSize == 1 ? Memory - 96 - 96 - 40 - 1 : 0;
        Add(6, rest, seed: 19);
        _batch.Clear();
        _batch.AddToken(new SequenceId(2), 40, 300, true);
        _batch.AddToken(new SequenceId(3), 40, 301, true);
        Assert.Equal(DecodeStatus.NoSpace, Engine.Decode(_batch));
        Assert.Equal(DecodeStatus.NoSpace, TryAdd(5, 2, seed: 20));
        AssertAsAlone(0);
        AssertAsAlone(1);
        Remove(1, 32);
        Add(2, 8, seed: 21);
        Add(3, 8, seed: 22);
        Add(7, BlockSize == 1 ? 48 : 0, seed: 23);
        Assert.Equal(DecodeStatus.NoSpace, TryAdd(5, 2, seed: 23));
        Assert.All(Enumerable.Range(0, 5), AssertAsAlone);
    }

    [Fact]
    public void Decode_LastOwnerOfSharedPositions_NeedsNoRoom()
    {
        Add(0, 96, seed: 24);
        Add(1, 96, seed: 25);
        Add(2, 40, seed: 26);
        Copy(2, 3, 40);
        Remove(2, 0);
        Assert.Equal(DecodeStatus.Done, TryAdd(3, 24, seed: 27));
        AssertAsAlone(3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Operations_RandomlyInterleaved_EverySequenceAsAlone(int seed)
    {
        var random = new Random(seed);
        int refused = 0;
        for (int operation = 0; operation < 250; operation++)
        {
            int sequence = random.Next(Sequences);
            List<int> stored = _stored[sequence];
            switch (random.Next(8))
            {
                case 0:
                    Remove(sequence, random.Next(stored.Count + 1));
                    break;
                case 1:
                    Remove(sequence, 0);
                    break;
                case 2 or 3:
                    Copy(sequence, random.Next(Sequences), random.Next(stored.Count + 1));
                    break;
                case 4:
                    StepAll();
                    break;
                default:
                    int count = 1 + random.Next(Math.Min(48, Context));
                    if (stored.Count + count <= Context && TryAdd(sequence, count, seed: (seed * 1000) + operation) == DecodeStatus.NoSpace)
                    {
                        refused++;
                        Remove(random.Next(Sequences), 0);
                    }

                    break;
            }

            if (operation % 10 == 0)
            {
                TryAssertAsAlone(random.Next(Sequences));
            }
        }

        Assert.NotEqual(0, refused);
        int compared = 0;
        for (int sequence = 0; sequence < Sequences; sequence++)
        {
            compared += TryAssertAsAlone(sequence) ? 1 : 0;
            Remove(sequence, 0);
        }

        Assert.InRange(compared, Sequences / 3, Sequences);

        AssertEverythingIsFree();
    }

    public void Dispose()
    {
        _engine?.Dispose();
        _fresh?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Add(int sequence, int count, int seed)
    {
        for (int added = 0; added < count; added += 48)
        {
            Assert.Equal(DecodeStatus.Done, TryAdd(sequence, Math.Min(48, count - added), seed + (100 * added)));
        }
    }

    private DecodeStatus TryAdd(int sequence, int count, int seed)
    {
        var random = new Random(seed);
        int[] tokens = [.. Enumerable.Range(0, count).Select(_ => random.Next(3, Engine.Info.VocabularySize))];
        _batch.Clear();
        foreach (int token in tokens)
        {
            _batch.AddToken(new SequenceId(sequence), _stored[sequence].Count + _batch.Count, token, false);
        }

        DecodeStatus status = Engine.Decode(_batch);
        if (status == DecodeStatus.Done)
        {
            _stored[sequence].AddRange(tokens);
        }

        return status;
    }

    /// <summary>One token for every sequence that holds anything and has room, in one step.</summary>
    private void StepAll()
    {
        _batch.Clear();
        for (int sequence = 0; sequence < Sequences; sequence++)
        {
            if (_stored[sequence].Count is > 0 and < Context)
            {
                _batch.AddToken(new SequenceId(sequence), _stored[sequence].Count, 260 + sequence, false);
            }
        }

        if (_batch.Count > 0 && Engine.Decode(_batch) == DecodeStatus.Done)
        {
            foreach (BatchRow row in _batch.Rows)
            {
                _stored[row.Sequence.Value].Add(row.TokenId);
            }
        }
    }

    private void Copy(int source, int target, int length)
    {
        Engine.CopySequence(new SequenceId(source), new SequenceId(target), length);
        int[] kept = [.. _stored[source].Take(length)];
        _stored[target].Clear();
        _stored[target].AddRange(kept);
    }

    private void Remove(int sequence, int from)
    {
        Engine.RemoveSequence(new SequenceId(sequence), from);
        _stored[sequence].RemoveRange(from, _stored[sequence].Count - from);
    }

    private void AssertAsAlone(int sequence) => Assert.True(TryAssertAsAlone(sequence), $"no room to compare sequence {sequence}");

    /// <summary>
    /// The last token, taken back and given again, has the logits that a fresh engine computes for the whole sequence; false when there is nothing to
    /// compare, or no room for a block of its own instead of the one that it shares (the sequence is one shorter then).
    /// </summary>
    private bool TryAssertAsAlone(int sequence)
    {
        List<int> stored = _stored[sequence];
        int last = stored.Count - 1;
        if (last < 0)
        {
            return false;
        }

        Engine.RemoveSequence(new SequenceId(sequence), last);
        _batch.Clear();
        _batch.AddToken(new SequenceId(sequence), last, stored[last], true);
        if (Engine.Decode(_batch) == DecodeStatus.NoSpace)
        {
            stored.RemoveAt(last);
            return false;
        }

        float[] actual = Engine.Logits(0).ToArray();
        float[] expected = Fresh(stored);
        float worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= Tolerance, $"sequence {sequence} of {stored.Count} tokens: logits differ by {worst}");
        return true;
    }

    private float[] Fresh(List<int> tokens)
    {
        _fresh ??= Open();
        _fresh.RemoveSequence(new SequenceId(0), 0);
        for (int start = 0; start < tokens.Count; start += 48)
        {
            _batch.Clear();
            for (int i = start; i < Math.Min(start + 48, tokens.Count); i++)
            {
                _batch.AddToken(new SequenceId(0), i, tokens[i], i == tokens.Count - 1);
            }

            Assert.Equal(DecodeStatus.Done, _fresh.Decode(_batch));
        }

        return _fresh.Logits(_batch.Count - 1).ToArray();
    }

    private void AssertEverythingIsFree()
    {
        Add(4, 96, seed: 50);
        Add(5, 96, seed: 51);
        Add(6, 64, seed: 52);
        Assert.Equal(DecodeStatus.NoSpace, TryAdd(7, 1, seed: 53));
    }
}
