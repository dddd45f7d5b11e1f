using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Payload of <see cref="FrameKind.Step"/>: number of changes, number of rows, whether it gives way, changes, rows. Both processes run on one machine, so the structs go as
/// they lie in memory. Image rows themselves are in the shared block.
/// </summary>
internal static class StepFrame
{
    /// <summary>Changes that wait for the next step at most; more are sent on their own.</summary>
    public const int MaxChanges = 1024;

    private const int HeadBytes = 12;

    public static int Bytes(int changes, int rows) => HeadBytes + (changes * Unsafe.SizeOf<WireChange>()) + (rows * Unsafe.SizeOf<WireRow>());

    public static void Write(Span<byte> payload, ReadOnlySpan<WireChange> changes, ReadOnlySpan<WireRow> rows, bool givesWay)
    {
        MemoryMarshal.Write(payload, changes.Length);
        MemoryMarshal.Write(payload[4..], rows.Length);
        MemoryMarshal.Write(payload[8..], givesWay ? 1 : 0);
        var rest = payload[HeadBytes..];
        MemoryMarshal.AsBytes(changes).CopyTo(rest);
        MemoryMarshal.AsBytes(rows).CopyTo(rest[(changes.Length * Unsafe.SizeOf<WireChange>())..]);
    }

    /// <summary>Throws <see cref="EngineProtocolException"/> when the lengths do not fit together.</summary>
    public static void Read(in Frame frame, int maxRows, out ReadOnlySpan<WireChange> changes, out ReadOnlySpan<WireRow> rows, out bool givesWay)
    {
        var payload = frame.Payload;
        var changeCount = payload.Length < HeadBytes ? -1 : MemoryMarshal.Read<int>(payload);
        var rowCount = payload.Length < HeadBytes ? -1 : MemoryMarshal.Read<int>(payload[4..]);
        if (changeCount is < 0 or > MaxChanges || rowCount < 0 || rowCount > maxRows || payload.Length != Bytes(changeCount, rowCount))
        {
            throw new EngineProtocolException($"a step of {changeCount} changes and {rowCount} rows in {payload.Length} bytes");
        }

        givesWay = MemoryMarshal.Read<int>(payload[8..]) != 0;
        var middle = HeadBytes + (changeCount * Unsafe.SizeOf<WireChange>());
        changes = MemoryMarshal.Cast<byte, WireChange>(payload[HeadBytes..middle]);
        rows = MemoryMarshal.Cast<byte, WireRow>(payload[middle..]);
    }
}
