using System.Buffers.Binary;
using System.Net.Sockets;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// One connection between server and engine process: frames of a 16-byte header (length of the payload, kind, zero, serial number, zero; little
/// endian) and a payload of bounded size. Nothing that arrives is trusted. One thread receives; sending is safe from any thread. Allocates only when
/// a frame is larger than all before.
/// </summary>
internal sealed class EngineChannel : IDisposable
{
    /// <summary>Bound of frames that are no steps: JSON, texts, paths.</summary>
    public const int DefaultMaxPayload = 64 << 10;

    private const int HeaderBytes = 16;
    private readonly Socket _socket;
    private readonly Lock _sending = new();
    private byte[] _incoming = new byte[512];
    private byte[] _outgoing = new byte[512];

    /// <param name="socket">Connected; owned from now on.</param>
    public EngineChannel(Socket socket) => _socket = socket;

    /// <summary>Largest payload taken from the other side, in bytes.</summary>
    public int MaxPayload { get; set; } = DefaultMaxPayload;

    /// <summary>How long to wait for a frame; zero is for ever.</summary>
    public TimeSpan ReceiveTimeout
    {
        set => _socket.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    /// <summary>Whether <see cref="Receive"/> would return or fail without waiting.</summary>
    public bool HasInput => WaitForInput(TimeSpan.Zero);

    /// <summary>Waits a while for <see cref="HasInput"/>.</summary>
    public bool WaitForInput(TimeSpan limit)
    {
        try
        {
            return _socket.Poll(limit, SelectMode.SelectRead);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            throw new EndOfStreamException("the connection is closed", exception);
        }
    }

    /// <summary>Sends a frame. Throws <see cref="EndOfStreamException"/> when the other side is gone.</summary>
    public void Send(FrameKind kind, uint serial, ReadOnlySpan<byte> payload)
    {
        lock (_sending)
        {
            var length = HeaderBytes + payload.Length;
            if (_outgoing.Length < length)
            {
                _outgoing = new byte[length];
            }

            BinaryPrimitives.WriteInt32LittleEndian(_outgoing, payload.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(_outgoing.AsSpan(4), (ushort)kind);
            BinaryPrimitives.WriteUInt16LittleEndian(_outgoing.AsSpan(6), 0);
            BinaryPrimitives.WriteUInt32LittleEndian(_outgoing.AsSpan(8), serial);
            BinaryPrimitives.WriteInt32LittleEndian(_outgoing.AsSpan(12), 0);
            payload.CopyTo(_outgoing.AsSpan(HeaderBytes));
            SendAll(_outgoing.AsSpan(0, length));
        }
    }

    /// <summary>
    /// Waits for a frame. Throws <see cref="EndOfStreamException"/> when the other side is gone, <see cref="IOException"/> when it is too late,
    /// <see cref="EngineProtocolException"/> for a frame that is none.
    /// </summary>
    public Frame Receive()
    {
        ReceiveAll(HeaderBytes, 0);
        var length = BinaryPrimitives.ReadInt32LittleEndian(_incoming);
        var kind = (FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(_incoming.AsSpan(4));
        var serial = BinaryPrimitives.ReadUInt32LittleEndian(_incoming.AsSpan(8));
        if (length < 0 || length > MaxPayload)
        {
            throw new EngineProtocolException($"a frame of {(uint)length} bytes, allowed are {MaxPayload}");
        }

        if (kind is < FrameKind.Hello or > FrameKind.Release
            || BinaryPrimitives.ReadUInt16LittleEndian(_incoming.AsSpan(6)) != 0 || BinaryPrimitives.ReadInt32LittleEndian(_incoming.AsSpan(12)) != 0)
        {
            throw new EngineProtocolException($"a frame of unknown kind {(ushort)kind}");
        }

        if (_incoming.Length < HeaderBytes + length)
        {
            _incoming = new byte[HeaderBytes + length];
        }

        ReceiveAll(length, HeaderBytes);
        return new Frame(kind, serial, _incoming.AsSpan(HeaderBytes, length));
    }

    /// <summary>Waits for a frame of one kind. Throws as <see cref="Receive"/> does, and for any other frame.</summary>
    public Frame Receive(FrameKind kind, uint serial)
    {
        var frame = Receive();
        return frame.Kind == kind && frame.Serial == serial
            ? frame
            : throw new EngineProtocolException($"{frame.Kind} {frame.Serial} instead of {kind} {serial}");
    }

    /// <summary>Closes the connection; whoever waits in <see cref="Receive"/> fails.</summary>
    public void Dispose()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The other side was faster.
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        _socket.Dispose();
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[_socket.Send(bytes)..];
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            throw new EndOfStreamException("the connection is closed", exception);
        }
    }

    private void ReceiveAll(int count, int offset)
    {
        try
        {
            for (var end = offset + count; offset < end;)
            {
                var read = _socket.Receive(_incoming.AsSpan(offset, end - offset));
                offset += read > 0 ? read : throw new EndOfStreamException("the connection is closed");
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw new IOException("no answer in time", exception);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            throw new EndOfStreamException("the connection is closed", exception);
        }
    }
}
