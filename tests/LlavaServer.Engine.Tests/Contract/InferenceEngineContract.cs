using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.Contract;

/// <summary>
/// What every engine owes the scheduler. A derived class opens an engine on a small model with at least three sequences, 64 positions and 48 rows a batch.
/// </summary>
public abstract class InferenceEngineContract : IDisposable
{
    private readonly Batch _batch = new(48);
    private IInferenceEngine? _engine;

    /// <summary>By how much logits may differ between batches of other sizes.</summary>
    protected virtual float Tolerance => 2e-3f;

    private IInferenceEngine Engine => _engine ??= Open();

    protected abstract IInferenceEngine Open();

    [Fact]
    public void Decode_PromptInOneBatch_SameAsRowByRow()
    {
        int[] tokens = Tokens(1, 20);
        float[] together = Prefill(0, tokens);
        float[] alone = [];
        for (int i = 0; i < tokens.Length; i++)
        {
            alone = Step((1, i, tokens[i]));
        }

        AssertClose(together, alone);
    }

    [Fact]
    public void Decode_SequencesInOneBatch_SameAsApart()
    {
        int[] first = Tokens(2, 11);
        int[] second = Tokens(3, 7);
        float[] expectedFirst = Prefill(0, first);
        float[] expectedSecond = Prefill(1, second);
        Engine.RemoveSequence(new SequenceId(0), 0);
        Engine.RemoveSequence(new SequenceId(1), 0);
        _batch.Clear();
        int firstRow = -1;
        int secondRow = -1;
        for (int i = 0; i < first.Length; i++)
        {
            firstRow = _batch.AddToken(new SequenceId(0), i, first[i], i == first.Length - 1);
            if (i < second.Length)
            {
                secondRow = _batch.AddToken(new SequenceId(1), i, second[i], i == second.Length - 1);
            }
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        AssertClose(expectedFirst, Engine.Logits(firstRow).ToArray());
        AssertClose(expectedSecond, Engine.Logits(secondRow).ToArray());
    }

    [Fact]
    public void Decode_SequencesAtDifferentPositions_SameAsApart()
    {
        int[] first = Tokens(4, 20);
        int[] second = Tokens(5, 3);
        Prefill(0, first);
        float[] expectedFirst = Step((0, 20, 270));
        Prefill(1, second);
        float[] expectedSecond = Step((1, 3, 280));
        Engine.RemoveSequence(new SequenceId(0), 20);
        Engine.RemoveSequence(new SequenceId(1), 3);
        _batch.Clear();
        _batch.AddToken(new SequenceId(1), 3, 280, true);
        _batch.AddToken(new SequenceId(0), 20, 270, true);
        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        AssertClose(expectedSecond, Engine.Logits(0).ToArray());
        AssertClose(expectedFirst, Engine.Logits(1).ToArray());
    }

    [Fact]
    public void RemoveSequence_FromPosition_ContinuesAsIfNeverSeen()
    {
        int[] tokens = Tokens(6, 24);
        float[] expected = Prefill(0, [.. tokens[..9], 300]);
        Prefill(1, tokens);
        Engine.RemoveSequence(new SequenceId(1), 9);
        AssertClose(expected, Step((1, 9, 300)));
    }

    [Fact]
    public void CopySequence_Prefix_ContinuesApart()
    {
        int[] tokens = Tokens(7, 21);
        float[] expected = Prefill(2, [.. tokens[..18], 301]);
        Engine.RemoveSequence(new SequenceId(2), 0);
        float[] original = Prefill(0, [.. tokens, 302]);
        Engine.RemoveSequence(new SequenceId(0), tokens.Length);
        Prefill(1, Tokens(8, 30));
        Engine.CopySequence(new SequenceId(0), new SequenceId(1), 18);
        AssertClose(expected, Step((1, 18, 301)));
        AssertClose(original, Step((0, tokens.Length, 302)));
    }

    [Fact]
    public void Decode_ImageRowsAmongTokens_SameInOneBatchAndApart()
    {
        ImageEmbedding image = Image(5);
        float[] together = Mixed(0, image, apart: false);
        float[] apart = Mixed(1, image, apart: true);
        AssertClose(together, apart);
        float[] other = Mixed(2, Image(6), apart: false);
        Assert.Contains(together.Zip(other), pair => Math.Abs(pair.First - pair.Second) > 0.01f);
    }

    [Fact]
    public void Logits_OnlyWhereWanted()
    {
        int[] tokens = Tokens(9, 6);
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.AddToken(new SequenceId(0), i, tokens[i], i is 2 or 5);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        Assert.Equal(Engine.Info.VocabularySize, Engine.Logits(2).Length);
        float[] middle = Engine.Logits(2).ToArray();
        float[] last = Engine.Logits(5).ToArray();
        Assert.Throws<ArgumentException>(() => { _ = Engine.Logits(3).Length; });
        AssertClose(middle, Prefill(1, tokens[..3]));
        AssertClose(last, Prefill(2, tokens));
    }

    [Fact]
    public void Embedding_OnlyWhereWanted_SameInOneBatchAndRowByRow()
    {
        int[] tokens = Tokens(13, 12);
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.AddToken(new SequenceId(0), i, tokens[i], i is 3 or 11, i is 0 or 3 or 7);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        float[][] embeddings = [.. new[] { 0, 3, 7 }.Select(row => Engine.Embedding(row).ToArray())];
        float[] logits = Engine.Logits(3).ToArray();
        float[] last = Engine.Logits(11).ToArray();
        Assert.Throws<ArgumentException>(() => { _ = Engine.Embedding(11).Length; });
        Assert.Throws<ArgumentException>(() => { _ = Engine.Logits(7).Length; });
        Assert.All(embeddings, embedding => Assert.Equal(Engine.Info.EmbeddingWidth, embedding.Length));
        AssertClose(logits, Prefill(1, tokens[..4]));
        AssertClose(last, Prefill(2, tokens));
        Engine.RemoveSequence(new SequenceId(1), 0);
        for (int i = 0; i < 8; i++)
        {
            _batch.Clear();
            _batch.AddToken(new SequenceId(1), i, tokens[i], false, true);
            Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
            if (i is 0 or 3 or 7)
            {
                AssertClose(embeddings[i / 3], Engine.Embedding(0).ToArray());
            }
        }

        Assert.Contains(embeddings[0].Zip(embeddings[1]), pair => Math.Abs(pair.First - pair.Second) > 0.01f);
    }

    [Fact]
    public void Embedding_SequencesOfBothKindsInOneBatch_SameAsApart()
    {
        int[] asked = Tokens(14, 9);
        int[] embedded = Tokens(15, 11);
        float[] logits = Prefill(0, asked);
        _batch.Clear();
        for (int i = 0; i < embedded.Length; i++)
        {
            _batch.AddToken(new SequenceId(1), i, embedded[i], false, true);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        float[][] alone = [.. Enumerable.Range(0, embedded.Length).Select(row => Engine.Embedding(row).ToArray())];
        Engine.RemoveSequence(new SequenceId(0), 0);
        Engine.RemoveSequence(new SequenceId(1), 0);
        _batch.Clear();
        for (int i = 0; i < embedded.Length; i++)
        {
            _batch.AddToken(new SequenceId(1), i, embedded[i], false, true);
            if (i < asked.Length)
            {
                _batch.AddToken(new SequenceId(0), i, asked[i], i == asked.Length - 1);
            }
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        for (int i = 0; i < embedded.Length; i++)
        {
            AssertClose(alone[i], Engine.Embedding(i < asked.Length ? i * 2 : asked.Length + i).ToArray());
        }

        AssertClose(logits, Engine.Logits((asked.Length * 2) - 1).ToArray());
    }

    [Fact]
    public void Decode_NoRowWantsLogits_StoresKeysAndValues()
    {
        int[] tokens = Tokens(10, 8);
        float[] expected = Prefill(0, [.. tokens, 310]);
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.AddToken(new SequenceId(1), i, tokens[i], false);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        AssertClose(expected, Step((1, 8, 310)));
    }

    [Fact]
    public void Decode_BeyondContext_NoSpaceAndNothingChanged()
    {
        int context = Engine.Info.ContextLength;
        int[] tokens = Tokens(11, context);
        for (int start = 0; start < context - 1; start += 32)
        {
            _batch.Clear();
            for (int i = start; i < Math.Min(start + 32, context - 1); i++)
            {
                _batch.AddToken(new SequenceId(0), i, tokens[i], false);
            }

            Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        }

        _batch.Clear();
        _batch.AddToken(new SequenceId(1), 0, 300, false);
        _batch.AddToken(new SequenceId(0), context - 1, 300, true);
        _batch.AddToken(new SequenceId(0), context, 301, true);
        Assert.Equal(DecodeStatus.NoSpace, Engine.Decode(_batch));
        Assert.NotEmpty(Step((1, 0, 300)));
        Assert.NotEmpty(Step((0, context - 1, 300)));
    }

    [Fact]
    public void Decode_BrokenRules_ArgumentException()
    {
        Prefill(0, Tokens(12, 4));
        AssertRefused(batch => batch.AddToken(new SequenceId(0), 5, 300, true));
        AssertRefused(batch => batch.AddToken(new SequenceId(0), 3, 300, true));
        AssertRefused(batch => batch.AddToken(new SequenceId(0), 4, Engine.Info.VocabularySize, true));
        AssertRefused(batch => batch.AddToken(new SequenceId(0), 4, -1, true));
        AssertRefused(batch => batch.AddToken(new SequenceId(Engine.Info.SequenceCount), 0, 300, true));
        AssertRefused(batch => batch.AddToken(new SequenceId(-1), 0, 300, true));
        AssertRefused(batch => batch.AddImageRow(new SequenceId(0), 4, Image(1), 99, true));
        AssertRefused(batch => batch.AddImageRow(new SequenceId(0), 4, new ImageEmbedding(new float[3], 1, 3), 0, true));
        AssertRefused(_ => { });
        Assert.NotEmpty(Step((0, 4, 300)));
    }

    public void Dispose()
    {
        _engine?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        float worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= Tolerance, $"logits differ by {worst}");
    }

    private void AssertRefused(Action<Batch> add)
    {
        _batch.Clear();
        add(_batch);
        Assert.ThrowsAny<ArgumentException>(() => Engine.Decode(_batch));
    }

    private int[] Tokens(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(3, Engine.Info.VocabularySize))];
    }

    private ImageEmbedding Image(int seed)
    {
        var random = new Random(seed);
        int width = Engine.Info.EmbeddingWidth;
        return new ImageEmbedding([.. Enumerable.Range(0, 4 * width).Select(_ => (float)(random.NextDouble() - 0.5))], 4, width);
    }

    private float[] Prefill(int sequence, int[] tokens)
    {
        Engine.RemoveSequence(new SequenceId(sequence), 0);
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.AddToken(new SequenceId(sequence), i, tokens[i], i == tokens.Length - 1);
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        return Engine.Logits(tokens.Length - 1).ToArray();
    }

    private float[] Step((int Sequence, int Position, int Token) row)
    {
        _batch.Clear();
        _batch.AddToken(new SequenceId(row.Sequence), row.Position, row.Token, true);
        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        return Engine.Logits(0).ToArray();
    }

    private float[] Mixed(int sequence, ImageEmbedding image, bool apart)
    {
        var id = new SequenceId(sequence);
        Engine.RemoveSequence(id, 0);
        _batch.Clear();
        for (int position = 0; position < 8; position++)
        {
            if (position is >= 2 and < 6)
            {
                _batch.AddImageRow(id, position, image, position - 2, false);
            }
            else
            {
                _batch.AddToken(id, position, 290 + position, position == 7);
            }

            if (apart && position < 7)
            {
                Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
                _batch.Clear();
            }
        }

        Assert.Equal(DecodeStatus.Done, Engine.Decode(_batch));
        return Engine.Logits(_batch.Count - 1).ToArray();
    }
}
