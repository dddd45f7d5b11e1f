using System.Text;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Tests.Scripted;

/// <summary>
/// An engine that answers by a script: the first row of a sequence that wants logits ends its prompt, and from there the script's tokens come, by
/// default one a byte. What it has stored is really what it was fed, so a wrongly reused prefix shows in the prompt that the script sees.
/// </summary>
internal sealed class ScriptedEngine : IInferenceEngine
{
    private const float Certain = 100f;

    private readonly ScriptedEngineFactory _script;
    private readonly Slot[] _slots;
    private readonly Dictionary<int, float[]> _logits = [];
    private readonly Dictionary<int, float[]> _embeddings = [];

    public ScriptedEngine(ScriptedEngineFactory script, EngineLoadOptions options, ScriptedVisionEncoder? vision)
    {
        _script = script;
        _slots = [.. Enumerable.Range(0, options.SequenceCount).Select(static _ => new Slot())];
        Vision = vision;
        Info = new EngineInfo
        {
            EngineName = "scripted",
            Architecture = "llama",
            VocabularySize = ScriptedVocabulary.Size + script.Words.Count,
            EmbeddingWidth = ScriptedVisionEncoder.Width,
            ContextLength = script.ContextLength,
            TrainedContextLength = ScriptedModel.TrainedContext,
            SequenceCount = options.SequenceCount,
            KVPositions = options.SequenceCount * script.ContextLength,
            MaxBatchRows = options.MaxBatchRows,
            ParameterCount = 10,
            MemoryBytes = 1234,
            Vision = vision?.Info,
        };
    }

    public EngineInfo Info { get; }

    public IVisionEncoder? Vision { get; }

    public DecodeStatus Decode(Batch batch)
    {
        _script.Step(batch);
        _logits.Clear();
        _embeddings.Clear();
        for (var i = 0; i < batch.Rows.Length; i++)
        {
            var row = batch.Rows[i];
            var slot = _slots[row.Sequence.Value];
            if (row.Position != slot.Fed.Count)
            {
                throw new ArgumentException($"row {i}: position {row.Position}, expected {slot.Fed.Count}");
            }

            var continues = row.Image is null && slot.Fed.Count > 0 && slot.Fed.Count == slot.AnswerEnd && row.TokenId == slot.LastToken;
            slot.Fed.Add(row.Image is { } image ? (-1, $"[{image.Row(0)[0]}x{image.Row(0)[1]}:{row.ImageRow}]") : (row.TokenId, ""));
            if (row.WantsLogits)
            {
                _logits.Add(i, LogitsOf(Next(row.Sequence, slot, continues)));
            }

            if (row.WantsEmbedding)
            {
                _embeddings.Add(i, row.Image is { } picture ? [picture.Row(0)[0], slot.Fed.Count] : [row.TokenId, slot.Fed.Count]);
            }
        }

        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row) => _logits[row];

    /// <summary>The row's token, or its picture's width, and its number in the sequence.</summary>
    public ReadOnlySpan<float> Embedding(int row) => _script.Hidden(_embeddings[row]);

    public void RemoveSequence(SequenceId id, int from)
    {
        var slot = _slots[id.Value];
        slot.Fed.RemoveRange(from, slot.Fed.Count - from);
        slot.AnswerEnd = -1;
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        _slots[target.Value].Fed.Clear();
        _slots[target.Value].Fed.AddRange(_slots[source.Value].Fed.Take(length));
        _slots[target.Value].AnswerEnd = -1;
    }

    public void Dispose()
    {
        // Nothing to free: memory only.
    }

    private int Next(SequenceId sequence, Slot slot, bool continues)
    {
        if (!continues)
        {
            _script.LastPrompt = Text(slot.Fed);
            slot.Answer = _script.AnswerTokens(sequence, _script.LastPrompt);
            slot.Given = 0;
        }

        slot.LastToken = slot.Given < slot.Answer.Count ? slot.Answer[slot.Given++] : ScriptedVocabulary.Eos;
        slot.AnswerEnd = slot.Fed.Count;
        return slot.LastToken;
    }

    private float[] LogitsOf(int token)
    {
        var logits = new float[Info.VocabularySize];
        if (token == ScriptedVocabulary.Broken)
        {
            Array.Fill(logits, float.NaN);
            return logits;
        }

        logits[token] = Certain;
        return logits;
    }

    /// <summary>Control tokens as they are spelt, the first row of each picture as its size.</summary>
    private string Text(List<(int Token, string Image)> fed)
    {
        var bytes = new List<byte>();
        foreach (var (token, image) in fed)
        {
            if (image.Length > 0)
            {
                bytes.AddRange(image.EndsWith(":0]", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(image.Replace(":0]", "]", StringComparison.Ordinal)) : []);
            }
            else if (ScriptedVocabulary.ByteOf(token) is >= 0 and var value)
            {
                bytes.Add((byte)value);
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(token < ScriptedVocabulary.Size ? ScriptedVocabulary.Texts[token] : _script.Words[token - ScriptedVocabulary.Size]));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>One sequence: what was fed, and how far its answer is.</summary>
    private sealed class Slot
    {
        public List<(int Token, string Image)> Fed { get; } = [];

        public IReadOnlyList<int> Answer { get; set; } = [];

        public int Given { get; set; }

        public int LastToken { get; set; } = -1;

        public int AnswerEnd { get; set; } = -1;
    }
}
