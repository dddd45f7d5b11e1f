using System.Text;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>
/// An engine whose "keys and values" are what was fed to it, and whose answer is a function of exactly that: a wrong position, a wrongly reused
/// prefix or a mixed-up picture changes the answer. Checks the rules of batches.
/// </summary>
internal sealed class FakeEngine : IInferenceEngine
{
    private const string AnswerMark = "ASSISTANT:";
    private readonly List<long>[] _stored;
    private readonly FakeBlocks _blocks;
    private readonly (int Start, int[] Answer)?[] _answers;
    private readonly Dictionary<int, float[]> _logits = [];
    private readonly Dictionary<int, float[]> _embeddings = [];
    private readonly Stack<float[]> _spare = new();
    private readonly FakeEngineFactory _owner;

    public FakeEngine(FakeEngineFactory owner, EngineLoadOptions options)
    {
        _owner = owner;
        _stored = [.. Enumerable.Range(0, options.SequenceCount).Select(_ => new List<long>())];
        _answers = new (int, int[])?[options.SequenceCount];
        _blocks = new FakeBlocks(options.SequenceCount, owner.KVPositions == 0 ? int.MaxValue : owner.KVPositions / FakeBlocks.Size);
        Vision = owner.Vision;
        Info = new EngineInfo
        {
            EngineName = "fake",
            Architecture = "fake",
            VocabularySize = owner.Tokenizer.VocabularySize,
            EmbeddingWidth = FakeVisionEncoder.Width,
            ContextLength = owner.HonoursContext ? options.ContextLength : owner.ContextLength,
            TrainedContextLength = owner.ContextLength,
            SequenceCount = options.SequenceCount,
            KVPositions = owner.KVPositions > 0 ? owner.KVPositions : options.SequenceCount * owner.ContextLength,
            MaxBatchRows = options.MaxBatchRows,
            ParameterCount = 1,
            MemoryBytes = 1,
            Vision = owner.Vision?.Info,
        };
    }

    public EngineInfo Info { get; }

    public IVisionEncoder? Vision { get; }

    public bool IsDisposed { get; private set; }

    /// <summary>Blocks of memory in use, shared ones counted once.</summary>
    public int UsedBlocks => _blocks.Used;

    /// <summary>Positions that a sequence holds.</summary>
    public int Length(int sequence) => _blocks.Length(sequence);

    /// <summary>What was fed to a sequence, pictures as <c>[value]</c>.</summary>
    public string Stored(int sequence) => Text(_stored[sequence]);

    public DecodeStatus Decode(Batch batch)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _owner.OnDecode(batch);
        if (!_owner.HasRoom(batch) || !HasBlocks(batch))
        {
            _owner.OnNoSpace();
            return DecodeStatus.NoSpace;
        }

        foreach (var spare in _logits.Values)
        {
            _spare.Push(spare);
        }

        _logits.Clear();
        _embeddings.Clear();
        for (var i = 0; i < batch.Rows.Length; i++)
        {
            var row = batch.Rows[i];
            var stored = _stored[row.Sequence.Value];
            if (row.Position != stored.Count)
            {
                throw new ArgumentException($"row {i}: position {row.Position}, expected {stored.Count}");
            }

            if (stored.Count >= Info.ContextLength)
            {
                throw new ArgumentException($"row {i}: context exceeded");
            }

            _blocks.Append(row.Sequence.Value);
            stored.Add(row.Image is null ? row.TokenId : -1000 - (long)row.Image.Row(row.ImageRow)[0]);
            if (row.Image is null && EndsWithMark(stored, stored.Count))
            {
                _answers[row.Sequence.Value] = null;
            }

            if (row.WantsLogits)
            {
                _logits.Add(i, LogitsOf(Next(row.Sequence.Value, stored)));
            }

            if (row.WantsEmbedding)
            {
                _embeddings.Add(i, [stored[^1], stored.Sum()]);
            }
        }

        _owner.OnDecoded(batch);
        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row) => _logits[row];

    /// <summary>The row's token, or picture, and the sum of what was fed to its sequence.</summary>
    public ReadOnlySpan<float> Embedding(int row) => _embeddings[row];

    public void RemoveSequence(SequenceId id, int from)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _stored[id.Value].RemoveRange(from, _stored[id.Value].Count - from);
        _blocks.Truncate(id.Value, from);
        _answers[id.Value] = null;
        _owner.Removed++;
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _stored[target.Value].Clear();
        _stored[target.Value].AddRange(_stored[source.Value].Take(length));
        _blocks.Share(source.Value, target.Value, length);
        _answers[target.Value] = null;
        _owner.Copied++;
    }

    public bool TryEnd(string reason) => _owner.TryEnd(reason);

    public void Dispose() => IsDisposed = true;

    private float[] LogitsOf(int token)
    {
        var logits = _spare.Count > 0 ? _spare.Pop() : new float[Info.VocabularySize];
        Array.Clear(logits);
        logits[token] = 10;
        return logits;
    }

    private int Next(int sequence, List<long> stored)
    {
        if (_owner.EndlessToken is { } endless)
        {
            return endless;
        }

        var (start, answer) = _answers[sequence] ??= AnswerOf(stored);
        var given = stored.Count - start;
        return given < answer.Length ? answer[given] : FakeTokenizer.Eos;
    }

    // From the last mark that was fed, so an engine that gets a prompt and half of its answer goes on with the other half.
    private (int Start, int[] Answer) AnswerOf(List<long> stored)
    {
        for (var end = stored.Count; end > 0; end--)
        {
            if (EndsWithMark(stored, end))
            {
                return (end, [.. _owner.AnswerTokens(Text(stored[..end]))]);
            }
        }

        return (0, []);
    }

    private bool HasBlocks(Batch batch)
    {
        if (_owner.KVPositions == 0)
        {
            return true;
        }

        var rows = new Dictionary<int, int>();
        foreach (ref readonly var row in batch.Rows)
        {
            rows[row.Sequence.Value] = rows.GetValueOrDefault(row.Sequence.Value) + 1;
        }

        return rows.Sum(r => _blocks.Needed(r.Key, r.Value)) <= _blocks.Free;
    }

    private static bool EndsWithMark(List<long> stored, int end)
    {
        for (var i = 0; i < AnswerMark.Length; i++)
        {
            if (end < AnswerMark.Length || stored[end - AnswerMark.Length + i] != FakeTokenizer.FirstByte + AnswerMark[i])
            {
                return false;
            }
        }

        return true;
    }

    private static string Text(List<long> stored)
    {
        var text = new StringBuilder();
        foreach (var value in stored)
        {
            _ = value switch
            {
                < -1 => text.Append('[').Append(-1000 - value).Append(']'),
                >= FakeTokenizer.FirstByte and < FakeTokenizer.FirstByte + 256 => text.Append((char)(value - FakeTokenizer.FirstByte)),
                FakeTokenizer.Bos => text.Append("<s>"),
                FakeTokenizer.Eos => text.Append("</s>"),
                _ => text.Append('{').Append(value).Append('}'),
            };
        }

        return text.ToString();
    }
}
