using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 3 bits, the third in a mask of its own: 16 groups of 16 with a scale of 6 bits less 32.</summary>
internal unsafe struct Q3_KBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 110;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block + 108);
        byte* scales = block + 96;
        for (int group = 0; group < 16; group++)
        {
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            int high = (scales[8 + (group % 4)] >> (2 * (group / 4))) & 3;
            factors[group] = d * ((low | (high << 4)) - 32);

            // Group 8n + 2j + h holds bits 2j of bytes 32n + 16h; its third bit is bit 4n + j of mask bytes 16h, and a clear one takes 4 off.
            Vector128<byte> quants = Vector128.Load(block + 32 + (32 * (group / 8)) + (16 * (group % 2)));
            Vector128<byte> mask = Vector128.Load(block + (16 * (group % 2)));
            int place = (4 * (group / 8)) + ((group & 6) / 2);
            Vector128<byte> third = ((mask >>> place) & Vector128<byte>.One) << 2;
            BlockBits.Store(q + (16 * group), ((quants >>> (group & 6)) & Vector128.Create((byte)3)) | third, 4);
        }
    }
}
