using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace LlavaServer.Models.Quantization;

/// <summary>Expansion of block types with 32 elements. The low nibbles of 16 bytes are elements 0..15, the high nibbles 16..31.</summary>
internal static class SmallBlocks
{
    /// <summary>Values of the non-linear 4-bit types.</summary>
    public static ReadOnlySpan<sbyte> Codebook => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void ExpandQ4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * ((block[2 + i] & 15) - 8);
            values[16 + i] = scale * ((block[2 + i] >> 4) - 8);
        }
    }

    public static void ExpandQ4_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        var minimum = ReadHalf(block, 2);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * (block[4 + i] & 15) + minimum;
            values[16 + i] = scale * (block[4 + i] >> 4) + minimum;
        }
    }

    public static void ExpandQ5_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        var high = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * (FiveBits(block[6 + i] & 15, high, i) - 16);
            values[16 + i] = scale * (FiveBits(block[6 + i] >> 4, high, 16 + i) - 16);
        }
    }

    public static void ExpandQ5_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        var minimum = ReadHalf(block, 2);
        var high = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * FiveBits(block[8 + i] & 15, high, i) + minimum;
            values[16 + i] = scale * FiveBits(block[8 + i] >> 4, high, 16 + i) + minimum;
        }
    }

    public static void ExpandQ8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        for (var i = 0; i < 32; i++)
        {
            values[i] = scale * (sbyte)block[2 + i];
        }
    }

    public static void ExpandIQ4_NL(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block, 0);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * Codebook[block[2 + i] & 15];
            values[16 + i] = scale * Codebook[block[2 + i] >> 4];
        }
    }

    public static float ReadHalf(ReadOnlySpan<byte> block, int offset) => (float)MemoryMarshal.Read<Half>(block[offset..]);

    private static int FiveBits(int low, uint high, int element) => low | (int)((high >> element) & 1) << 4;
}
