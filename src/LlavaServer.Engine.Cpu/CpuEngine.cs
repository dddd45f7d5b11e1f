using LlavaServer.Engine.Cpu.Language;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu;

/// <summary>
/// A loaded model computed by managed code. Owned by one scheduler thread; <see cref="Vision"/> may run beside it on threads of its own.
/// </summary>
public sealed class CpuEngine : IInferenceEngine
{
    private readonly GgufFile _modelFile;
    private readonly GgufFile? _mmprojFile;
    private readonly CpuVisionEncoder? _vision;
    private readonly LlamaConfig _config;
    private readonly LlamaWeights _weights;
    private readonly LlamaModel _model;
    private readonly KVCache _cache;
    private readonly WorkerPool _workers;
    private readonly ComputeTurns? _turns;
    private readonly int[] _pending;
    private bool _disposed;

    internal CpuEngine(
        GgufFile modelFile,
        GgufFile? mmprojFile,
        CpuVisionEncoder? vision,
        LlamaConfig config,
        LlamaWeights weights,
        KVCache cache,
        WorkerPool workers,
        int maxBatchRows,
        ComputeTurns? turns)
    {
        _modelFile = modelFile;
        _mmprojFile = mmprojFile;
        _vision = vision;
        _config = config;
        _weights = weights;
        _cache = cache;
        _workers = workers;
        _turns = turns;
        _model = new LlamaModel(config, weights, cache, workers, maxBatchRows);
        _pending = new int[cache.SequenceCount];
        Info = new EngineInfo
        {
            EngineName = "cpu",
            Architecture = config.Architecture,
            VocabularySize = config.VocabularySize,
            EmbeddingWidth = config.EmbeddingWidth,
            ContextLength = cache.ContextLength,
            TrainedContextLength = config.ContextLength,
            SequenceCount = cache.SequenceCount,
            KVPositions = cache.Positions,
            MaxBatchRows = maxBatchRows,
            ParameterCount = modelFile.Tensors.Sum(tensor => tensor.ElementCount) + (mmprojFile?.Tensors.Sum(tensor => tensor.ElementCount) ?? 0),
            MemoryBytes = modelFile.FileBytes + (mmprojFile?.FileBytes ?? 0) + weights.OwnedBytes + cache.MemoryBytes + _model.MemoryBytes,
            Vision = vision?.Info,
        };
    }

    public EngineInfo Info { get; }

    public IVisionEncoder? Vision => _vision;

    public DecodeStatus Decode(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_disposed, this);
        ReadOnlySpan<BatchRow> rows = batch.Rows;
        if (rows.Length == 0 || rows.Length > Info.MaxBatchRows)
        {
            throw new ArgumentException($"A batch has 1 to {Info.MaxBatchRows} rows, not {rows.Length}.", nameof(batch));
        }

        Array.Clear(_pending);
        bool fits = true;
        for (int i = 0; i < rows.Length; i++)
        {
            fits &= Accept(rows[i], i);
        }

        if (!fits || !_cache.TryReserve(_pending))
        {
            return DecodeStatus.NoSpace;
        }

        bool computed = false;
        try
        {
            using PacedWork work = _workers.Pace(batch.GivesWay ? _turns : null, CancellationToken.None);
            _model.Forward(rows);
            computed = true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InferenceException(InferenceError.EngineFailed, "The engine failed during a step.", exception);
        }
        finally
        {
            for (int sequence = 0; sequence < _pending.Length; sequence++)
            {
                _cache.SetLength(sequence, _cache.Length(sequence) + (computed ? _pending[sequence] : 0));
            }
        }

        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row)
    {
        ReadOnlySpan<float> logits = _model.Logits(row);
        return logits.IsEmpty ? throw new ArgumentException($"Row {row} of the last batch has no logits.", nameof(row)) : logits;
    }

    public ReadOnlySpan<float> Embedding(int row)
    {
        ReadOnlySpan<float> embedding = _model.Embedding(row);
        return embedding.IsEmpty ? throw new ArgumentException($"Row {row} of the last batch has no embedding.", nameof(row)) : embedding;
    }

    public void RemoveSequence(SequenceId id, int from)
    {
        CheckSequence(id, nameof(id));
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        _cache.SetLength(id.Value, Math.Min(from, _cache.Length(id.Value)));
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        CheckSequence(source, nameof(source));
        CheckSequence(target, nameof(target));
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _cache.Length(source.Value));
        if (source == target)
        {
            _cache.SetLength(source.Value, length);
            return;
        }

        _cache.Share(source.Value, target.Value, length);
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _vision?.Dispose();
        _workers.Dispose();
        _model.Dispose();
        _weights.Dispose();
        _cache.Dispose();
        _modelFile.Dispose();
        _mmprojFile?.Dispose();
    }

    /// <summary>Checks a row against the rules of the seam and counts it; false when its sequence has no room for it.</summary>
    private bool Accept(in BatchRow row, int number)
    {
        CheckSequence(row.Sequence, "batch");
        int sequence = row.Sequence.Value;
        int expected = _cache.Length(sequence) + _pending[sequence]++;
        if (row.Position != expected)
        {
            throw new ArgumentException($"Row {number} of sequence {sequence} has position {row.Position}, expected {expected}.", nameof(row));
        }

        if (row.Image is { } image)
        {
            if (image.Width != _config.EmbeddingWidth || (uint)row.ImageRow >= (uint)image.RowCount)
            {
                throw new ArgumentException($"Row {number} names row {row.ImageRow} of an image of {image.RowCount} rows of width {image.Width}.", nameof(row));
            }
        }
        else if ((uint)row.TokenId >= (uint)_config.VocabularySize)
        {
            throw new ArgumentException($"Row {number} has token {row.TokenId}; the vocabulary has {_config.VocabularySize}.", nameof(row));
        }

        return row.Position < _cache.ContextLength;
    }

    private void CheckSequence(SequenceId id, string parameter)
    {
        if ((uint)id.Value >= (uint)_cache.SequenceCount)
        {
            throw new ArgumentOutOfRangeException(parameter, $"Sequence {id.Value} is not one of {_cache.SequenceCount}.");
        }
    }
}
