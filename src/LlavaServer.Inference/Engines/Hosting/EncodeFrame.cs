using System.Buffers.Binary;
using System.Text;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Payload of <see cref="FrameKind.Encode"/>: width and height of the picture, length and path of the block that starts with its pixels and has room
/// for its rows.
/// </summary>
internal static class EncodeFrame
{
    private const int HeadBytes = 16;

    public static byte[] Write(int width, int height, SharedBlock block)
    {
        var payload = new byte[HeadBytes + Encoding.UTF8.GetByteCount(block.Path)];
        BinaryPrimitives.WriteInt32LittleEndian(payload, width);
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(4), height);
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(8), block.Length);
        Encoding.UTF8.GetBytes(block.Path, payload.AsSpan(HeadBytes));
        return payload;
    }

    /// <summary>Throws <see cref="EngineProtocolException"/> for anything else.</summary>
    public static (int Width, int Height, long Length, string Path) Read(in Frame frame)
    {
        if (frame.Payload.Length <= HeadBytes)
        {
            throw new EngineProtocolException("a picture without a path");
        }

        var width = BinaryPrimitives.ReadInt32LittleEndian(frame.Payload);
        var height = BinaryPrimitives.ReadInt32LittleEndian(frame.Payload[4..]);
        var length = BinaryPrimitives.ReadInt64LittleEndian(frame.Payload[8..]);
        return width > 0 && height > 0 && (long)width * height * 3 <= Math.Min(length, Array.MaxLength)
            ? (width, height, length, Encoding.UTF8.GetString(frame.Payload[HeadBytes..]))
            : throw new EngineProtocolException($"a picture of {width} x {height} pixels in {length} bytes");
    }
}
