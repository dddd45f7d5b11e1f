using System.Buffers.Binary;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Serves the pictures of one engine in its process, beside the steps: one thread listens, so that a picture can be cancelled while another thread
/// encodes it.
/// </summary>
internal sealed class VisionHost : IDisposable
{
    private readonly IVisionEncoder _encoder;
    private readonly ComputeTurns _turns;
    private readonly EngineChannel _channel;
    private readonly Thread _listening;
    private readonly CancellationTokenSource _stopping = new();
    private volatile Job? _job;

    /// <param name="encoder">Used by this host only.</param>
    /// <param name="turns">By which encoding gives way.</param>
    /// <param name="channel">Closed when the host is disposed.</param>
    public VisionHost(IVisionEncoder encoder, ComputeTurns turns, EngineChannel channel)
    {
        _encoder = encoder;
        _turns = turns;
        _channel = channel;
        _listening = new Thread(Listen) { Name = "vision frames", IsBackground = true };
        _listening.Start();
    }

    /// <summary>Cancels what is running and waits for its end.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _channel.Dispose();
        _listening.Join();
        _stopping.Dispose();
    }

    private void Listen()
    {
        try
        {
            while (true)
            {
                var frame = _channel.Receive();
                switch (frame.Kind)
                {
                    case FrameKind.Encode:
                        _job?.Join();
                        _job = new Job(this, frame);
                        break;
                    case FrameKind.Cancel:
                        // It may come after the reply.
                        _job?.CancelIf(frame.Serial);
                        break;
                    default:
                        throw new EngineProtocolException($"{frame.Kind} instead of a picture");
                }
            }
        }
        catch (Exception exception) when (exception is IOException or EngineProtocolException)
        {
            // Nobody to answer to; the parent watch ends the process.
            _channel.Dispose();
        }

        _job?.CancelAndJoin();
    }

    private sealed class Job
    {
        private readonly VisionHost _host;
        private readonly uint _serial;
        private readonly RgbImage _image;
        private readonly SharedBlock _block;
        private readonly CancellationTokenSource _cancelled;
        private readonly Thread _thread;

        public Job(VisionHost host, in Frame frame)
        {
            _host = host;
            _serial = frame.Serial;
            _cancelled = CancellationTokenSource.CreateLinkedTokenSource(host._stopping.Token);
            var (width, height, length, path) = EncodeFrame.Read(frame);
            _block = SharedBlock.Open(path, length);
            _image = new RgbImage(width, height, _block.Slice<byte>(0, width * height * 3).ToArray());
            _host._channel.Send(FrameKind.Mapped, _serial, []);
            _thread = new Thread(Encode) { Name = "vision", IsBackground = true };
            _thread.Start();
        }

        public void CancelIf(uint serial)
        {
            if (serial == _serial)
            {
                _cancelled.Cancel();
            }
        }

        public void Join()
        {
            _thread.Join();
            _cancelled.Dispose();
        }

        public void CancelAndJoin()
        {
            _cancelled.Cancel();
            Join();
        }

        private void Encode()
        {
            try
            {
                Reply();
            }
            catch (IOException)
            {
                // The server is gone.
            }
            finally
            {
                _block.Dispose();
            }
        }

        private void Reply()
        {
            try
            {
                var embedding = _host._encoder.Encode(_image, _host._turns, _cancelled.Token);
                embedding.Values.CopyTo(_block.Slice<float>(0, embedding.Values.Length));
                Span<byte> payload = stackalloc byte[sizeof(int)];
                BinaryPrimitives.WriteInt32LittleEndian(payload, embedding.RowCount);
                _host._channel.Send(FrameKind.Encoded, _serial, payload);
            }
            catch (OperationCanceledException)
            {
                _host._channel.Send(FrameKind.Cancelled, _serial, []);
            }
            catch (InferenceException exception)
            {
                HostingJson.Send(_host._channel, FrameKind.Failed, _serial, FailureMessage.Of(exception), HostingJson.Default.FailureMessage);
            }
        }
    }
}
