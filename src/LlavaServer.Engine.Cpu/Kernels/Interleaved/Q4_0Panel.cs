using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// 16 rows of Q4_0: 16 scales as half, then four registers of nibbles, register v holding bytes 4v to 4v + 3 of every row (low nibbles are elements
/// 4v..., high ones 16 + 4v...). The offset 8 is taken off with the sum of the activation block.
/// </summary>
internal readonly unsafe struct Q4_0Panel : IPanelFormat
{
    private const int Nibbles = 32;

    public static int Elements => 32;

    public static int FileBytes => 18;

    public static int PanelBytes => 16 * 18;

    public static void Pack(byte* block, byte* panel, int row)
    {
        ((ushort*)panel)[row] = Unsafe.ReadUnaligned<ushort>(block);
        for (int v = 0; v < 4; v++)
        {
            ((uint*)(panel + Nibbles))[(v * 16) + row] = Unsafe.ReadUnaligned<uint>(block + 2 + (4 * v));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot1<L, TF, TI>(byte* panel, in PanelInput input, int column, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        sbyte* x = input.Bytes(column);
        float* scales = input.Scales(column);
        int* sums = input.BlockSums(column);
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI ones = L.BroadcastInt(0x00010001);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += PanelBytes, x += 32)
        {
            byte* q = panel + Nibbles + (4 * lane);
            TI w0 = L.LoadInt(q);
            TI w1 = L.LoadInt(q + 64);
            TI w2 = L.LoadInt(q + 128);
            TI w3 = L.LoadInt(q + 192);
            TI s = L.MultiplyAddBytes(L.And(w0, mask), Broadcast<L, TF, TI>(x));
            TI t = L.MultiplyAddBytes(L.And(L.ShiftRight(w0, 4), mask), Broadcast<L, TF, TI>(x + 16));
            s = L.AddShorts(s, L.MultiplyAddBytes(L.And(w1, mask), Broadcast<L, TF, TI>(x + 4)));
            t = L.AddShorts(t, L.MultiplyAddBytes(L.And(L.ShiftRight(w1, 4), mask), Broadcast<L, TF, TI>(x + 20)));
            s = L.AddShorts(s, L.MultiplyAddBytes(L.And(w2, mask), Broadcast<L, TF, TI>(x + 8)));
            t = L.AddShorts(t, L.MultiplyAddBytes(L.And(L.ShiftRight(w2, 4), mask), Broadcast<L, TF, TI>(x + 24)));
            s = L.AddShorts(s, L.MultiplyAddBytes(L.And(w3, mask), Broadcast<L, TF, TI>(x + 12)));
            t = L.AddShorts(t, L.MultiplyAddBytes(L.And(L.ShiftRight(w3, 4), mask), Broadcast<L, TF, TI>(x + 28)));
            TI products = L.SubtractInt(L.MultiplyAddShorts(L.AddShorts(s, t), ones), L.BroadcastInt(8 * sums[block]));
            TF scale = L.Multiply(L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore), L.Broadcast(scales[block]));
            total = L.MultiplyAdd(L.ToSingle(products), scale, total);
        }

        L.Store(output + lane, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot4<L, TF, TI>(byte* panel, in PanelInput input, int* columns, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        sbyte* x0 = input.Bytes(columns[0]);
        sbyte* x1 = input.Bytes(columns[1]);
        sbyte* x2 = input.Bytes(columns[2]);
        sbyte* x3 = input.Bytes(columns[3]);
        float* d0 = input.Scales(columns[0]);
        float* d1 = input.Scales(columns[1]);
        float* d2 = input.Scales(columns[2]);
        float* d3 = input.Scales(columns[3]);
        int* sums0 = input.BlockSums(columns[0]);
        int* sums1 = input.BlockSums(columns[1]);
        int* sums2 = input.BlockSums(columns[2]);
        int* sums3 = input.BlockSums(columns[3]);
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI ones = L.BroadcastInt(0x00010001);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total0 = default, total1 = default, total2 = default, total3 = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += PanelBytes)
        {
            TI s0 = default, s1 = default, s2 = default, s3 = default;
            byte* q = panel + Nibbles + (4 * lane);
            int end = (32 * block) + 16;
            for (int i = 32 * block; i < end; i += 4, q += 64)
            {
                TI w = L.LoadInt(q);
                TI low = L.And(w, mask);
                TI high = L.And(L.ShiftRight(w, 4), mask);
                s0 = L.AddShorts(s0, L.MultiplyAddBytes(low, Broadcast<L, TF, TI>(x0 + i)));
                s1 = L.AddShorts(s1, L.MultiplyAddBytes(low, Broadcast<L, TF, TI>(x1 + i)));
                s2 = L.AddShorts(s2, L.MultiplyAddBytes(low, Broadcast<L, TF, TI>(x2 + i)));
                s3 = L.AddShorts(s3, L.MultiplyAddBytes(low, Broadcast<L, TF, TI>(x3 + i)));
                s0 = L.AddShorts(s0, L.MultiplyAddBytes(high, Broadcast<L, TF, TI>(x0 + i + 16)));
                s1 = L.AddShorts(s1, L.MultiplyAddBytes(high, Broadcast<L, TF, TI>(x1 + i + 16)));
                s2 = L.AddShorts(s2, L.MultiplyAddBytes(high, Broadcast<L, TF, TI>(x2 + i + 16)));
                s3 = L.AddShorts(s3, L.MultiplyAddBytes(high, Broadcast<L, TF, TI>(x3 + i + 16)));
            }

            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            TI p0 = L.SubtractInt(L.MultiplyAddShorts(s0, ones), L.BroadcastInt(8 * sums0[block]));
            TI p1 = L.SubtractInt(L.MultiplyAddShorts(s1, ones), L.BroadcastInt(8 * sums1[block]));
            TI p2 = L.SubtractInt(L.MultiplyAddShorts(s2, ones), L.BroadcastInt(8 * sums2[block]));
            TI p3 = L.SubtractInt(L.MultiplyAddShorts(s3, ones), L.BroadcastInt(8 * sums3[block]));
            total0 = L.MultiplyAdd(L.ToSingle(p0), L.Multiply(scale, L.Broadcast(d0[block])), total0);
            total1 = L.MultiplyAdd(L.ToSingle(p1), L.Multiply(scale, L.Broadcast(d1[block])), total1);
            total2 = L.MultiplyAdd(L.ToSingle(p2), L.Multiply(scale, L.Broadcast(d2[block])), total2);
            total3 = L.MultiplyAdd(L.ToSingle(p3), L.Multiply(scale, L.Broadcast(d3[block])), total3);
        }

        L.Store(output + lane, total0);
        L.Store(output + 16 + lane, total1);
        L.Store(output + 32 + lane, total2);
        L.Store(output + 48 + lane, total3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Broadcast<L, TF, TI>(sbyte* four)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct => L.BroadcastInt(Unsafe.ReadUnaligned<int>(four));
}
