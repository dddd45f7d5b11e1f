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
    private readonly (int Start, byte[] Answer)[] _answers;
    private readonly Dictionary<int, float[]> _logits = [];
    private readonly Stack<float[]> _spare = new();
    private readonly FakeEngineFactory _owner;

    public FakeEngine(FakeEngineFactory owner, EngineLoadOptions options)
    {
        _owner = owner;
        _stored = [.. Enumerable.Range(0, options.SequenceCount).Select(_ => new List<long>())];
        _answers = [.. _stored.Select(_ => (0, Array.Empty<byte>()))];
        Vision = owner.Vision;
        Info = new EngineInfo
        {
            EngineName = "fake",
            Architecture = "fake",
            VocabularySize = owner.Tokenizer.VocabularySize,
            EmbeddingWidth = FakeVisionEncoder.Width,
            ContextLength = owner.ContextLength,
            TrainedContextLength = owner.ContextLength,
            SequenceCount = options.SequenceCount,
            MaxBatchRows = options.MaxBatchRows,
            ParameterCount = 1,
            MemoryBytes = 1,
            Vision = owner.Vision?.Info,
        };
    }

    public EngineInfo Info { get; }

    public IVisionEncoder? Vision { get; }

    public bool IsDisposed { get; private set; }

    /// <summary>What was fed to a sequence, pictures as <c>[value]</c>.</summary>
    public string Stored(int sequence) => Text(_stored[sequence]);

    public DecodeStatus Decode(Batch batch)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _owner.OnDecode(batch);
        if (!_owner.HasRoom(batch))
        {
            return DecodeStatus.NoSpace;
        }

        foreach (var spare in _logits.Values)
        {
            _spare.Push(spare);
        }

        _logits.Clear();
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

            stored.Add(row.Image is null ? row.TokenId : -1000 - (long)row.Image.Row(row.ImageRow)[0]);
            if (row.WantsLogits)
            {
                _logits.Add(i, LogitsOf(Next(row.Sequence.Value, stored)));
            }
        }

        _owner.OnDecoded(batch);
        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row) => _logits[row];

    public void RemoveSequence(SequenceId id, int from)
    {
        _stored[id.Value].RemoveRange(from, _stored[id.Value].Count - from);
        _owner.Removed++;
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        _stored[target.Value].Clear();
        _stored[target.Value].AddRange(_stored[source.Value].Take(length));
        _owner.Copied++;
    }

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

        ref var current = ref _answers[sequence];
        if (EndsWithMark(stored))
        {
            current = (stored.Count, Encoding.UTF8.GetBytes(_owner.Answer(Text(stored))));
        }

        var given = stored.Count - current.Start;
        return given < current.Answer.Length ? FakeTokenizer.FirstByte + current.Answer[given] : FakeTokenizer.Eos;
    }

    private static bool EndsWithMark(List<long> stored)
    {
        for (var i = 0; i < AnswerMark.Length; i++)
        {
            if (stored.Count < AnswerMark.Length || stored[stored.Count - AnswerMark.Length + i] != FakeTokenizer.FirstByte + AnswerMark[i])
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
