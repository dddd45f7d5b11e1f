using LlavaServer.Engine.LLamaSharp.Native;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.LLamaSharp.Adapter;

/// <summary>
/// A model loaded by llama.cpp. Owned by one scheduler thread, which alone calls it; <see cref="Vision"/> has a context of its own. All sequences share
/// one pool of positions (llama.cpp's unified KV cache).
/// </summary>
internal sealed unsafe class LLamaEngine : IInferenceEngine
{
    private const int Done = 0;
    private const int NoKvSlot = 1;

    private readonly LlamaFunctions _functions;
    private readonly LLamaModels _models;
    private readonly GgufFile _file;
    private readonly LLamaVisionEncoder? _vision;
    private readonly nint _context;
    private readonly Lock _device;
    private readonly NativeRows _rows;
    private readonly StepParts _parts;
    private readonly int[] _lengths;
    private readonly int[] _pending;

    // Of the last step, by row: results in native memory while a step is one batch, else copies.
    private readonly nint[] _logits;
    private readonly nint[] _embeddings;
    private readonly KeptRows _keptLogits;
    private readonly KeptRows _keptEmbeddings;
    private int _stepRows;
    private bool _hasEmbeddings;
    private bool _isDisposed;

    public LLamaEngine(LLamaRuntime runtime, LLamaModels models, GgufFile file, ModelFiles files, EngineLoadOptions options, int contextLength)
    {
        _functions = runtime.Functions;
        _models = models;
        _file = file;
        _context = models.Context.NativeHandle.DangerousGetHandle();

        // One at a time on a card, where work beside a step has crashed for others; on the CPU they run side by side.
        _device = new Lock();
        _vision = models.Vision is { } vision
            ? LLamaVisionEncoder.Create(runtime, vision, file, files, options, models.GpuLayerCount > 0 ? _device : new Lock())
            : null;
        var maxRows = (int)Math.Min(options.MaxBatchRows, models.Context.BatchSize);
        var width = models.Weights.EmbeddingSize;
        _rows = new NativeRows(maxRows, width);
        _parts = new StepParts(maxRows, options.SequenceCount);
        _lengths = new int[options.SequenceCount];
        _pending = new int[options.SequenceCount];
        _logits = new nint[maxRows];
        _embeddings = new nint[maxRows];
        _keptLogits = new KeptRows(models.Weights.Vocab.Count);
        _keptEmbeddings = new KeptRows(width);
        var positions = (int)models.Context.ContextSize;
        using var mmproj = files.MmprojPath is { } path ? GgufFile.Open(path) : null;
        var cacheBytes = GpuLayers.CacheBytes(file.Metadata, positions, CacheType.Of(options.KVCacheType).BytesPerValue);
        Info = new EngineInfo
        {
            EngineName = "llamasharp",
            Device = models.GpuLayerCount > 0 ? string.Join(", ", runtime.Gpus.Select(static gpu => gpu.Description)) : EngineInfo.CpuDevice,
            Architecture = file.Metadata.GetString("general.architecture"),
            VocabularySize = models.Weights.Vocab.Count,
            EmbeddingWidth = width,
            ContextLength = contextLength,
            TrainedContextLength = Math.Max(1, models.Weights.ContextSize),
            SequenceCount = options.SequenceCount,
            KVPositions = positions,
            MaxBatchRows = maxRows,
            ParameterCount = file.Tensors.Sum(static tensor => tensor.ElementCount) + (mmproj?.Tensors.Sum(static tensor => tensor.ElementCount) ?? 0),
            MemoryBytes = file.FileBytes + (mmproj?.FileBytes ?? 0) + cacheBytes,
            DeviceMemoryBytes = models.GpuLayerCount > 0
                ? (long)((file.FileBytes + cacheBytes) * Math.Min(1, (double)models.GpuLayerCount / (models.Weights.NativeHandle.LayerCount + 1))) + (mmproj?.FileBytes ?? 0)
                : 0,
            Vision = _vision?.Info,
        };
        if (models.GpuLayerCount > 0)
        {
            WarmUp();
        }
    }

    public EngineInfo Info { get; }

    public IVisionEncoder? Vision => _vision;

    public DecodeStatus Decode(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var rows = batch.Rows;
        if (rows.Length == 0 || rows.Length > Info.MaxBatchRows)
        {
            throw new ArgumentException($"A batch has 1 to {Info.MaxBatchRows} rows, not {rows.Length}.", nameof(batch));
        }

        Array.Clear(_pending);
        var fits = true;
        for (var i = 0; i < rows.Length; i++)
        {
            fits &= Accept(rows[i], i);
        }

        return fits ? DecodeParts(rows) : DecodeStatus.NoSpace;
    }

    public ReadOnlySpan<float> Logits(int row) => Result(_logits, row, Info.VocabularySize, "logits");

    public ReadOnlySpan<float> Embedding(int row) => Result(_embeddings, row, Info.EmbeddingWidth, "embedding");

    public void RemoveSequence(SequenceId id, int from)
    {
        CheckSequence(id, nameof(id));
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (from < _lengths[id.Value])
        {
            Forget(id.Value, from);
        }
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        CheckSequence(source, nameof(source));
        CheckSequence(target, nameof(target));
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _lengths[source.Value]);
        if (source == target)
        {
            Forget(source.Value, length);
            return;
        }

        Forget(target.Value, 0);
        if (length > 0)
        {
            _functions.Copy(_context, source.Value, target.Value, length);
        }

        _lengths[target.Value] = length;
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _vision?.Dispose();
        _models.Dispose();
        _file.Dispose();
        _rows.Dispose();
        _keptLogits.Dispose();
        _keptEmbeddings.Dispose();
    }

    /// <summary>
    /// The largest step once, so that a card without memory for it says so now: later it would end the process. The largest picture was encoded when the
    /// vision tower was loaded.
    /// </summary>
    private void WarmUp()
    {
        var batch = new Batch(Math.Min(Info.MaxBatchRows, Info.ContextLength));
        for (var position = 0; position < batch.Capacity; position++)
        {
            batch.AddToken(new SequenceId(0), position, position % Info.VocabularySize, wantsLogits: position >= batch.Capacity - _lengths.Length);
        }

        _ = Decode(batch);
        RemoveSequence(new SequenceId(0), 0);
    }

    private DecodeStatus DecodeParts(ReadOnlySpan<BatchRow> rows)
    {
        _parts.Split(rows);
        _stepRows = rows.Length;
        Array.Clear(_logits, 0, rows.Length);
        Array.Clear(_embeddings, 0, rows.Length);
        _keptLogits.Clear();
        _keptEmbeddings.Clear();
        for (var part = 0; part < _parts.Count; part++)
        {
            var status = DecodePart(rows, part);
            if (status == Done)
            {
                continue;
            }

            // What earlier parts of the step stored is taken back, so that nothing has changed.
            Undo();
            _stepRows = 0;
            return status == NoKvSlot
                ? DecodeStatus.NoSpace
                : throw new InferenceException(InferenceError.EngineFailed, $"llama.cpp failed during a step ({status}): {NativeLog.TakeError()}") { EngineDied = true };
        }

        for (var sequence = 0; sequence < _pending.Length; sequence++)
        {
            _lengths[sequence] += _pending[sequence];
        }

        return DecodeStatus.Done;
    }

    private int DecodePart(ReadOnlySpan<BatchRow> rows, int part)
    {
        _rows.Clear();
        var wantsEmbeddings = false;
        for (var i = 0; i < rows.Length; i++)
        {
            if (_parts[i] != part)
            {
                continue;
            }

            ref readonly var row = ref rows[i];
            var wantsOutput = row.WantsLogits || row.WantsEmbedding;
            wantsEmbeddings |= row.WantsEmbedding;
            if (row.Image is { } image)
            {
                _rows.AddImageRow(row.Sequence.Value, row.Position, image.Row(row.ImageRow), wantsOutput);
            }
            else
            {
                _rows.AddToken(row.Sequence.Value, row.Position, row.TokenId, wantsOutput);
            }
        }

        if (_rows.Count == 0)
        {
            return Done;
        }

        if (wantsEmbeddings != _hasEmbeddings)
        {
            _functions.SwitchEmbeddings(_context, wantsEmbeddings);
            _hasEmbeddings = wantsEmbeddings;
        }

        lock (_device)
        {
            var status = _functions.Decode(_context, _rows.ToBatch(StepParts.IsOfImages(part), wantsEmbeddings));
            if (status == Done)
            {
                Collect(rows, part);
            }

            return status;
        }
    }

    // Reading waits for the card.
    private void Collect(ReadOnlySpan<BatchRow> rows, int part)
    {
        var native = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            if (_parts[i] != part)
            {
                continue;
            }

            if (rows[i].WantsLogits)
            {
                _logits[i] = Keep(_functions.Logits(_context, native), _keptLogits, part);
            }

            if (rows[i].WantsEmbedding)
            {
                _embeddings[i] = Keep(_functions.Embedding(_context, native), _keptEmbeddings, part);
            }

            native++;
        }
    }

    private nint Keep(float* values, KeptRows kept, int part)
    {
        if (values == null)
        {
            throw new InferenceException(InferenceError.EngineFailed, "llama.cpp gave no output for a row that wanted it.") { EngineDied = true };
        }

        return part == _parts.Count - 1 ? (nint)values : kept.Add(values);
    }

    private void Undo()
    {
        for (var sequence = 0; sequence < _pending.Length; sequence++)
        {
            if (_pending[sequence] > 0)
            {
                _ = _functions.Remove(_context, sequence, _lengths[sequence]);
            }
        }
    }

    private void Forget(int sequence, int from)
    {
        if (!_functions.Remove(_context, sequence, from))
        {
            throw new InferenceException(InferenceError.EngineFailed, "llama.cpp could not forget a part of a sequence.") { EngineDied = true };
        }

        _lengths[sequence] = Math.Min(from, _lengths[sequence]);
    }

    private ReadOnlySpan<float> Result(nint[] results, int row, int length, string what) =>
        (uint)row < (uint)_stepRows && results[row] != 0
            ? new ReadOnlySpan<float>((float*)results[row], length)
            : throw new ArgumentException($"Row {row} of the last batch has no {what}.", nameof(row));

    /// <summary>Checks a row against the rules of the seam and counts it; false when its sequence has no room for it.</summary>
    private bool Accept(in BatchRow row, int number)
    {
        CheckSequence(row.Sequence, "batch");
        var sequence = row.Sequence.Value;
        var expected = _lengths[sequence] + _pending[sequence]++;
        if (row.Position != expected)
        {
            throw new ArgumentException($"Row {number} of sequence {sequence} has position {row.Position}, expected {expected}.", nameof(row));
        }

        if (row.Image is { } image)
        {
            if (image.Width != Info.EmbeddingWidth || (uint)row.ImageRow >= (uint)image.RowCount)
            {
                throw new ArgumentException($"Row {number} names row {row.ImageRow} of an image of {image.RowCount} rows of width {image.Width}.", nameof(row));
            }
        }
        else if ((uint)row.TokenId >= (uint)Info.VocabularySize)
        {
            throw new ArgumentException($"Row {number} has token {row.TokenId}; the vocabulary has {Info.VocabularySize}.", nameof(row));
        }

        return row.Position < Info.ContextLength;
    }

    private void CheckSequence(SequenceId id, string parameter)
    {
        if ((uint)id.Value >= (uint)_lengths.Length)
        {
            throw new ArgumentOutOfRangeException(parameter, $"Sequence {id.Value} is not one of {_lengths.Length}.");
        }
    }
}
