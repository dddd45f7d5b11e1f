using System.Buffers.Binary;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The vision side of an <see cref="EngineProcess"/>, on a connection of its own: pixels go and rows come in a shared block of the picture. Called one at a time, from any thread.
/// </summary>
internal sealed class HostedVisionEncoder(EngineLink link, EngineInfo info) : IVisionEncoder
{
    private readonly Lock _gate = new();
    private uint _serial;

    public VisionInfo Info { get; } = info.Vision!;

    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(turns);
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var rowBytes = (long)Info.RowsPerImage * info.EmbeddingWidth * sizeof(float);
                using var block = link.Folder.CreateBlock(Math.Max(image.Pixels.Length, rowBytes));
                image.Pixels.CopyTo(block.Slice<byte>(0, image.Pixels.Length));
                return Encode(image, block, turns, cancellationToken);
            }
            catch (Exception exception) when (EngineLink.IsDeath(exception))
            {
                throw link.Died(exception);
            }
        }
    }

    private ImageEmbedding Encode(RgbImage image, SharedBlock block, ComputeTurns turns, CancellationToken cancellationToken)
    {
        var serial = ++_serial;
        link.Vision.Send(FrameKind.Encode, serial, EncodeFrame.Write(image.Width, image.Height, block));
        link.Vision.Receive(FrameKind.Mapped, serial);
        block.Unlink();
        using var registration = cancellationToken.UnsafeRegister(Cancel, serial);
        link.Turns.WaitFor(link.Vision, turns);
        var reply = link.Vision.Receive();
        if (reply.Serial != serial)
        {
            throw new EngineProtocolException($"the reply {reply.Serial} to picture {serial}");
        }

        switch (reply.Kind)
        {
            case FrameKind.Encoded when reply.Payload.Length == sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(reply.Payload) == Info.RowsPerImage:
                return Embedding(block);
            case FrameKind.Cancelled when cancellationToken.IsCancellationRequested:
                throw new OperationCanceledException(cancellationToken);
            case FrameKind.Failed:
                throw HostingJson.Read(reply, HostingJson.Default.FailureMessage).ToException();
            default:
                throw new EngineProtocolException($"{reply.Kind} as the reply to a picture");
        }
    }

    private ImageEmbedding Embedding(SharedBlock block)
    {
        var values = block.Slice<float>(0, Info.RowsPerImage * info.EmbeddingWidth).ToArray();
        foreach (var value in values)
        {
            // In the KV cache it would spread to every later row of the sequence.
            if (!float.IsFinite(value))
            {
                throw new EngineProtocolException("an image row with a value that is not finite");
            }
        }

        return new ImageEmbedding(values, Info.RowsPerImage, info.EmbeddingWidth);
    }

    private void Cancel(object? serial)
    {
        try
        {
            link.Vision.Send(FrameKind.Cancel, (uint)serial!, []);
        }
        catch (IOException)
        {
            // The process is gone: whoever waits for the picture learns it from the reply.
        }
    }
}
