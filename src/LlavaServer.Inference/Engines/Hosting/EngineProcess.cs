using System.Buffers.Binary;
using System.Text;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// A loaded model in a process of its own, as an engine: one round trip a step over a socket, logits, embeddings and image rows through shared memory. Removing
/// and copying sequences travels with the next step. Owned by one scheduler thread; <see cref="Vision"/> runs beside it. A step allocates nothing.
/// </summary>
internal sealed class EngineProcess : IInferenceEngine
{
    private const int ReplyBytes = 12;
    private readonly EngineLink _link;
    private readonly ComputeTurns? _turns;
    private readonly HostedVisionEncoder? _vision;
    private readonly WireRow[] _rows;
    private readonly WireChange[] _changes = new WireChange[StepFrame.MaxChanges];
    private readonly byte[] _payload;
    private readonly int[] _lengths;
    private readonly int[] _logitRows;
    private readonly int[] _embeddingRows;
    private readonly HostedBlock _logits;
    private readonly HostedBlock _embeddings;
    private readonly HostedBlock _imageRows;
    private int _changeCount;
    private int _rowCount;
    private uint _serial;
    private bool _isDisposed;

    /// <param name="link">The process, its model loaded; owned from now on.</param>
    /// <param name="info">What it says about the model, checked.</param>
    /// <param name="turns">By which steps that give way do so; null: nobody to give way to.</param>
    public EngineProcess(EngineLink link, EngineInfo info, ComputeTurns? turns)
    {
        _link = link;
        _turns = turns;
        Info = info;
        _vision = info.Vision is null ? null : new HostedVisionEncoder(link, info);
        _rows = new WireRow[info.MaxBatchRows];
        _payload = new byte[StepFrame.Bytes(StepFrame.MaxChanges, info.MaxBatchRows)];
        _lengths = new int[info.SequenceCount];
        _logitRows = new int[info.MaxBatchRows];
        _embeddingRows = new int[info.MaxBatchRows];
        _logits = new HostedBlock(BlockUse.Logits, info.VocabularySize);
        _embeddings = new HostedBlock(BlockUse.Embeddings, info.EmbeddingWidth);
        _imageRows = new HostedBlock(BlockUse.ImageRows, info.EmbeddingWidth);
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

        try
        {
            _rowCount = 0;
            var wanted = Write(rows);
            if (Step(rows.Length, wanted, batch.GivesWay) == DecodeStatus.NoSpace)
            {
                return DecodeStatus.NoSpace;
            }
        }
        catch (Exception exception) when (EngineLink.IsDeath(exception))
        {
            throw _link.Died(exception);
        }

        foreach (ref readonly var row in rows)
        {
            _lengths[row.Sequence.Value]++;
        }

        _rowCount = rows.Length;
        return DecodeStatus.Done;
    }

    public ReadOnlySpan<float> Logits(int row) => (uint)row < (uint)_rowCount && _logitRows[row] >= 0
        ? _logits.Row(_logitRows[row])
        : throw new ArgumentException($"Row {row} of the last batch has no logits.", nameof(row));

    public ReadOnlySpan<float> Embedding(int row) => (uint)row < (uint)_rowCount && _embeddingRows[row] >= 0
        ? _embeddings.Row(_embeddingRows[row])
        : throw new ArgumentException($"Row {row} of the last batch has no embedding.", nameof(row));

    public void RemoveSequence(SequenceId id, int from)
    {
        CheckSequence(id, nameof(id));
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (from < _lengths[id.Value])
        {
            Change(-1, id.Value, from);
        }
    }

    public void CopySequence(SequenceId source, SequenceId target, int length)
    {
        CheckSequence(source, nameof(source));
        CheckSequence(target, nameof(target));
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _lengths[source.Value]);
        Change(source.Value, target.Value, length);
    }

    public bool TryEnd(string reason)
    {
        _link.Kill(reason);
        return true;
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _link.Dispose();
        _logits.Dispose();
        _embeddings.Dispose();
        _imageRows.Dispose();
    }

    private void Change(int source, int target, int length)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_changeCount == _changes.Length)
        {
            try
            {
                _ = Step(0, default, givesWay: false);
            }
            catch (Exception exception) when (EngineLink.IsDeath(exception))
            {
                throw _link.Died(exception);
            }
        }

        _changes[_changeCount++] = new WireChange(source, target, length);
        _lengths[target] = length;
    }

    // Rows for the frame, image rows into the shared block. Returns the numbers of rows that want logits and embeddings.
    private (int Logits, int Embeddings) Write(ReadOnlySpan<BatchRow> rows)
    {
        var logits = 0;
        var embeddings = 0;
        var imageRows = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            ref readonly var row = ref rows[i];
            CheckSequence(row.Sequence, nameof(rows));
            if (row.Image is { } image && (image.Width != Info.EmbeddingWidth || (uint)row.ImageRow >= (uint)image.RowCount))
            {
                throw new ArgumentException($"Row {i} names row {row.ImageRow} of an image of {image.RowCount} rows of width {image.Width}.", nameof(rows));
            }

            _logitRows[i] = row.WantsLogits ? logits++ : -1;
            _embeddingRows[i] = row.WantsEmbedding ? embeddings++ : -1;
            var imageRow = row.Image is null ? -1 : imageRows++;
            _rows[i] = new WireRow(
                row.Sequence.Value, row.Position, row.TokenId, imageRow, (short)(row.WantsLogits ? 1 : 0), (short)(row.WantsEmbedding ? 1 : 0));
        }

        _logits.Reserve(logits, _link, ref _serial);
        _embeddings.Reserve(embeddings, _link, ref _serial);
        _imageRows.Reserve(imageRows, _link, ref _serial);
        for (var i = 0; imageRows > 0 && i < rows.Length; i++)
        {
            rows[i].Image?.Row(rows[i].ImageRow).CopyTo(_imageRows.Row(_rows[i].ImageRow));
        }

        return (logits, embeddings);
    }

    private DecodeStatus Step(int rows, (int Logits, int Embeddings) wanted, bool givesWay)
    {
        var length = StepFrame.Bytes(_changeCount, rows);
        StepFrame.Write(_payload, _changes.AsSpan(0, _changeCount), _rows.AsSpan(0, rows), givesWay);
        _link.Steps.Send(FrameKind.Step, ++_serial, _payload.AsSpan(0, length));
        if (givesWay)
        {
            _link.Turns.WaitFor(_link.Steps, _turns);
        }

        var reply = _link.Steps.Receive();
        if (reply.Serial != _serial)
        {
            throw new EngineProtocolException($"the reply {reply.Serial} to step {_serial}");
        }

        _changeCount = 0;
        return reply.Kind switch
        {
            FrameKind.Stepped => Status(reply.Payload, wanted),
            FrameKind.Refused => throw new ArgumentException(Encoding.UTF8.GetString(reply.Payload)),
            FrameKind.Failed => throw HostingJson.Read(reply, HostingJson.Default.FailureMessage).ToException(),
            _ => throw new EngineProtocolException($"{reply.Kind} as the reply to a step"),
        };
    }

    private static DecodeStatus Status(ReadOnlySpan<byte> payload, (int Logits, int Embeddings) wanted)
    {
        if (payload.Length == ReplyBytes)
        {
            var status = (DecodeStatus)BinaryPrimitives.ReadInt32LittleEndian(payload);
            var written = (BinaryPrimitives.ReadInt32LittleEndian(payload[4..]), BinaryPrimitives.ReadInt32LittleEndian(payload[8..]));
            if (status == DecodeStatus.NoSpace || (status == DecodeStatus.Done && written == wanted))
            {
                return status;
            }
        }

        throw new EngineProtocolException("the end of a step without the rows that were wanted");
    }

    private void CheckSequence(SequenceId id, string parameter)
    {
        if ((uint)id.Value >= (uint)_lengths.Length)
        {
            throw new ArgumentOutOfRangeException(parameter, $"Sequence {id.Value} is not one of {_lengths.Length}.");
        }
    }
}
