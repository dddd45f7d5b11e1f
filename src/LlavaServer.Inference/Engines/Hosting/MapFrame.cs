using System.Buffers.Binary;
using System.Text;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>Payload of <see cref="FrameKind.Map"/>: use of the block, number of rows in it, path of its file.</summary>
internal static class MapFrame
{
    private const int HeadBytes = 8;

    public static byte[] Write(BlockUse use, int rows, string path)
    {
        var payload = new byte[HeadBytes + Encoding.UTF8.GetByteCount(path)];
        BinaryPrimitives.WriteInt32LittleEndian(payload, (int)use);
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(4), rows);
        Encoding.UTF8.GetBytes(path, payload.AsSpan(HeadBytes));
        return payload;
    }

    /// <summary>Throws <see cref="EngineProtocolException"/> for anything else.</summary>
    public static (BlockUse Use, int Rows, string Path) Read(in Frame frame)
    {
        if (frame.Payload.Length <= HeadBytes)
        {
            throw new EngineProtocolException("a map frame without a path");
        }

        var use = (BlockUse)BinaryPrimitives.ReadInt32LittleEndian(frame.Payload);
        var rows = BinaryPrimitives.ReadInt32LittleEndian(frame.Payload[4..]);
        return Enum.IsDefined(use) && rows > 0
            ? (use, rows, Encoding.UTF8.GetString(frame.Payload[HeadBytes..]))
            : throw new EngineProtocolException($"a map frame for use {(int)use} with {rows} rows");
    }
}
