using System.Buffers.Binary;
using System.Text;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>Serves the steps of one engine in its process, on the thread that runs the engine. A step allocates nothing.</summary>
internal sealed class StepHost : IDisposable
{
    private readonly IInferenceEngine _engine;
    private readonly EngineChannel _channel;
    private readonly Batch _batch;
    private readonly byte[] _reply = new byte[12];
    private readonly ChildBlock _logits;
    private readonly ChildBlock _embeddings;
    private readonly ChildBlock _imageRows;
    private float[] _imageValues = [];
    private ImageEmbedding? _image;

    /// <param name="engine">Stays the caller's.</param>
    /// <param name="channel">Stays the caller's.</param>
    public StepHost(IInferenceEngine engine, EngineChannel channel)
    {
        _engine = engine;
        _channel = channel;
        _batch = new Batch(engine.Info.MaxBatchRows);
        _logits = new ChildBlock(engine.Info.VocabularySize);
        _embeddings = new ChildBlock(engine.Info.EmbeddingWidth);
        _imageRows = new ChildBlock(engine.Info.EmbeddingWidth);
        channel.MaxPayload = Math.Max(EngineChannel.DefaultMaxPayload, StepFrame.Bytes(StepFrame.MaxChanges, engine.Info.MaxBatchRows));
    }

    /// <summary>Serves until the server hangs up, which throws <see cref="IOException"/>.</summary>
    public void Run()
    {
        while (true)
        {
            var frame = _channel.Receive();
            switch (frame.Kind)
            {
                case FrameKind.Map:
                    Map(frame);
                    break;
                case FrameKind.Step:
                    Step(frame);
                    break;
                default:
                    throw new EngineProtocolException($"{frame.Kind} instead of a step");
            }
        }
    }

    public void Dispose()
    {
        _logits.Dispose();
        _embeddings.Dispose();
        _imageRows.Dispose();
    }

    private void Map(in Frame frame)
    {
        var (use, rows, path) = MapFrame.Read(frame);
        if (use == BlockUse.Logits)
        {
            _logits.Map(path, rows);
        }
        else if (use == BlockUse.Embeddings)
        {
            _embeddings.Map(path, rows);
        }
        else
        {
            // The engine reads image rows from an embedding: one that holds whatever rows the present step has.
            _imageRows.Map(path, rows);
            _imageValues = new float[checked(rows * _engine.Info.EmbeddingWidth)];
            _image = new ImageEmbedding(_imageValues, rows, _engine.Info.EmbeddingWidth);
        }

        _channel.Send(FrameKind.Mapped, frame.Serial, []);
    }

    private void Step(in Frame frame)
    {
        StepFrame.Read(frame, _batch.Capacity, out var changes, out var rows, out var givesWay);
        try
        {
            Apply(changes);
            var wanted = Fill(rows);
            _batch.GivesWay = givesWay;
            var status = rows.Length == 0 ? DecodeStatus.Done : Decode(frame.Serial);
            if (status is { } known)
            {
                Answer(frame.Serial, known, wanted);
            }
        }
        catch (Exception exception) when (exception is InferenceException or OutOfMemoryException)
        {
            HostingJson.Send(_channel, FrameKind.Failed, frame.Serial, FailureMessage.Of(EngineFaults.Of(exception)), HostingJson.Default.FailureMessage);
        }
    }

    private void Apply(ReadOnlySpan<WireChange> changes)
    {
        foreach (ref readonly var change in changes)
        {
            if (change.Source < 0)
            {
                _engine.RemoveSequence(new SequenceId(change.Target), change.Length);
            }
            else
            {
                _engine.CopySequence(new SequenceId(change.Source), new SequenceId(change.Target), change.Length);
            }
        }
    }

    private (int Logits, int Embeddings) Fill(ReadOnlySpan<WireRow> rows)
    {
        _batch.Clear();
        var logits = 0;
        var embeddings = 0;
        var images = 0;
        foreach (ref readonly var row in rows)
        {
            var wantsLogits = row.WantsLogits != 0;
            var wantsEmbedding = row.WantsEmbedding != 0;
            logits += wantsLogits ? 1 : 0;
            embeddings += wantsEmbedding ? 1 : 0;
            if (row.ImageRow < 0)
            {
                _batch.AddToken(new SequenceId(row.Sequence), row.Position, row.TokenId, wantsLogits, wantsEmbedding);
            }
            else if (row.ImageRow == images && images < _imageRows.Count)
            {
                _batch.AddImageRow(new SequenceId(row.Sequence), row.Position, _image!, images++, wantsLogits, wantsEmbedding);
            }
            else
            {
                throw new EngineProtocolException($"image row {row.ImageRow} of {_imageRows.Count}");
            }
        }

        if (logits > _logits.Count || embeddings > _embeddings.Count)
        {
            throw new EngineProtocolException(
                $"{logits} rows of logits and {embeddings} of embeddings in blocks for {_logits.Count} and {_embeddings.Count}");
        }

        if (images > 0)
        {
            _imageRows.Rows(images).CopyTo(_imageValues);
        }

        return (logits, embeddings);
    }

    // Null: refused, and answered so.
    private DecodeStatus? Decode(uint serial)
    {
        try
        {
            return _engine.Decode(_batch);
        }
        catch (ArgumentException exception)
        {
            var text = exception.Message.Length > 500 ? exception.Message[..500] : exception.Message;
            _channel.Send(FrameKind.Refused, serial, Encoding.UTF8.GetBytes(text));
            return null;
        }
    }

    private void Answer(uint serial, DecodeStatus status, (int Logits, int Embeddings) wanted)
    {
        var rows = _batch.Rows;
        var logits = 0;
        var embeddings = 0;
        for (var i = 0; status == DecodeStatus.Done && (logits < wanted.Logits || embeddings < wanted.Embeddings); i++)
        {
            if (rows[i].WantsLogits)
            {
                _engine.Logits(i).CopyTo(_logits.Row(logits++));
            }

            if (rows[i].WantsEmbedding)
            {
                _engine.Embedding(i).CopyTo(_embeddings.Row(embeddings++));
            }
        }

        BinaryPrimitives.WriteInt32LittleEndian(_reply, (int)status);
        BinaryPrimitives.WriteInt32LittleEndian(_reply.AsSpan(4), logits);
        BinaryPrimitives.WriteInt32LittleEndian(_reply.AsSpan(8), embeddings);
        _channel.Send(FrameKind.Stepped, serial, _reply);
    }
}
