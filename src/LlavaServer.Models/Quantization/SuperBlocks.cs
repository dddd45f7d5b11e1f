using System.Buffers.Binary;

namespace LlavaServer.Models.Quantization;

/// <summary>Expansion of block types with 256 elements: the K types and IQ4_XS.</summary>
internal static class SuperBlocks
{
    public static void ExpandQ2_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scales = block[..16];
        var quants = block[16..80];
        var scale = SmallBlocks.ReadHalf(block, 80);
        var minimum = SmallBlocks.ReadHalf(block, 82);
        for (var group = 0; group < 16; group++)
        {
            var groupScale = scale * (scales[group] & 15);
            var groupMinimum = minimum * (scales[group] >> 4);
            for (var i = 0; i < 16; i++)
            {
                values[16 * group + i] = groupScale * TwoBits(quants, group, i) - groupMinimum;
            }
        }
    }

    public static void ExpandQ3_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var mask = block[..32];
        var quants = block[32..96];
        var scales = block[96..108];
        var scale = SmallBlocks.ReadHalf(block, 108);
        for (var group = 0; group < 16; group++)
        {
            var groupScale = scale * Q3_KScale(scales, group);
            var bit = 1 << (group / 2);
            for (var i = 0; i < 16; i++)
            {
                // A clear mask bit means minus four.
                var high = (mask[16 * (group & 1) + i] & bit) != 0 ? 0 : 4;
                values[16 * group + i] = groupScale * (TwoBits(quants, group, i) - high);
            }
        }
    }

    public static void ExpandQ4_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = SmallBlocks.ReadHalf(block, 0);
        var minimum = SmallBlocks.ReadHalf(block, 2);
        var scales = block[4..16];
        var quants = block[16..144];
        for (var group = 0; group < 8; group++)
        {
            var (groupScale, groupMinimum) = ScaleAndMinimum(scales, group);
            var (d, m) = (scale * groupScale, minimum * groupMinimum);
            for (var i = 0; i < 32; i++)
            {
                values[32 * group + i] = d * Nibble(quants[32 * (group / 2) + i], group) - m;
            }
        }
    }

    public static void ExpandQ5_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = SmallBlocks.ReadHalf(block, 0);
        var minimum = SmallBlocks.ReadHalf(block, 2);
        var scales = block[4..16];
        var high = block[16..48];
        var quants = block[48..176];
        for (var group = 0; group < 8; group++)
        {
            var (groupScale, groupMinimum) = ScaleAndMinimum(scales, group);
            var (d, m) = (scale * groupScale, minimum * groupMinimum);
            for (var i = 0; i < 32; i++)
            {
                var quant = Nibble(quants[32 * (group / 2) + i], group) + ((high[i] >> group & 1) << 4);
                values[32 * group + i] = d * quant - m;
            }
        }
    }

    public static void ExpandQ6_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var low = block[..128];
        var high = block[128..192];
        var scales = block[192..208];
        var scale = SmallBlocks.ReadHalf(block, 208);
        for (var i = 0; i < 256; i++)
        {
            var (half, group, lane) = (i / 128, i / 32 % 4, i % 32);
            var lowByte = low[64 * half + 32 * (group & 1) + lane];
            var quant = (group < 2 ? lowByte & 15 : lowByte >> 4) | (high[32 * half + lane] >> (2 * group) & 3) << 4;
            values[i] = scale * (sbyte)scales[i / 16] * (quant - 32);
        }
    }

    public static void ExpandIQ4_XS(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = SmallBlocks.ReadHalf(block, 0);
        var high = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        var low = block[4..8];
        var quants = block[8..136];
        for (var group = 0; group < 8; group++)
        {
            var groupScale = scale * ((Nibble(low[group / 2], group) | (high >> (2 * group) & 3) << 4) - 32);
            for (var i = 0; i < 16; i++)
            {
                var pair = quants[16 * group + i];
                values[32 * group + i] = groupScale * SmallBlocks.Codebook[pair & 15];
                values[32 * group + 16 + i] = groupScale * SmallBlocks.Codebook[pair >> 4];
            }
        }
    }

    /// <summary>The two 6-bit numbers of a group of Q4_K and Q5_K, out of 12 bytes.</summary>
    public static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> scales, int group) => group < 4
        ? (scales[group] & 63, scales[group + 4] & 63)
        : ((scales[group + 4] & 15) | (scales[group - 4] >> 6 << 4), (scales[group + 4] >> 4) | (scales[group] >> 6 << 4));

    /// <summary>The signed 6-bit scale of a group of Q3_K, out of 12 bytes.</summary>
    public static int Q3_KScale(ReadOnlySpan<byte> scales, int group)
    {
        var low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
        return (low | (scales[8 + group % 4] >> (2 * (group / 4)) & 3) << 4) - 32;
    }

    /// <summary>Groups 2p and 2p+1 share bytes: the even one has the low nibbles.</summary>
    private static int Nibble(byte pair, int group) => (group & 1) == 0 ? pair & 15 : pair >> 4;

    /// <summary>Two bits of Q2_K and Q3_K: group 8n + 2j + h, element i sits in byte 32n + 16h + i at bit 2j.</summary>
    private static int TwoBits(ReadOnlySpan<byte> quants, int group, int i) => quants[32 * (group / 8) + 16 * (group & 1) + i] >> (2 * (group / 2 % 4)) & 3;
}
