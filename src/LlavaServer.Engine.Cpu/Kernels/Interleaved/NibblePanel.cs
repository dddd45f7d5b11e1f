using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// 16 rows of Q4_0, Q4_1, Q5_0 or Q5_1: 16 scales as half, 16 minima as half where the type has them, one register of fifth bits where it has them, then
/// four registers of nibbles, register v holding bytes 4v to 4v + 3 of every row (low nibbles are elements 4v..., high ones 16 + 4v...). Bit 2v of byte
/// j of the fifth bits belongs to element 4v + j, bit 2v + 1 to element 16 + 4v + j. An offset is taken off with the sum of the activation block.
/// </summary>
internal readonly unsafe struct NibblePanel<TType> : IPanelFormat
    where TType : struct, INibbleType
{
    private const int Minima = 32;

    public static int Elements => 32;

    public static int FileBytes => 2 + (TType.HasMinimum ? 2 : 0) + (TType.HasFifthBits ? 4 : 0) + 16;

    public static int PanelBytes => 16 * FileBytes;

    private static int FifthBits => TType.HasMinimum ? 64 : 32;

    private static int Nibbles => FifthBits + (TType.HasFifthBits ? 64 : 0);

    public static void Pack(byte* block, byte* panel, int row)
    {
        ((ushort*)panel)[row] = Unsafe.ReadUnaligned<ushort>(block);
        if (TType.HasMinimum)
        {
            ((ushort*)(panel + Minima))[row] = Unsafe.ReadUnaligned<ushort>(block + 2);
        }

        byte* quants = block + FileBytes - 16;
        if (TType.HasFifthBits)
        {
            ((uint*)(panel + FifthBits))[row] = ArrangeFifthBits(Unsafe.ReadUnaligned<uint>(quants - 4));
        }

        for (int v = 0; v < 4; v++)
        {
            ((uint*)(panel + Nibbles))[(v * 16) + row] = Unsafe.ReadUnaligned<uint>(quants + (4 * v));
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
        float* scaledSums = input.ScaledSums(column);
        int* sums = input.BlockSums(column);
        // Constants of the type go to locals: a property that the JIT calls inside the loop would spill every register.
        bool hasMinimum = TType.HasMinimum;
        bool hasFifthBits = TType.HasFifthBits;
        int nibbles = Nibbles;
        int panelBytes = PanelBytes;
        int fifthBits = FifthBits;
        int offset = TType.Offset;
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI sixteen = L.BroadcastInt(0x10101010);
        TI ones = L.BroadcastInt(0x00010001);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += panelBytes, x += 32)
        {
            byte* q = panel + nibbles + (4 * lane);
            TI fifth = hasFifthBits ? L.LoadInt(panel + fifthBits + (4 * lane)) : default;
            TI s = default, t = default;
            for (int v = 0; v < 4; v++)
            {
                TI w = L.LoadInt(q + (64 * v));
                TI low = L.And(w, mask);
                TI high = L.And(L.ShiftRight(w, 4), mask);
                if (hasFifthBits)
                {
                    low = L.Or(low, L.And(FifthBit.Low<L, TF, TI>(fifth, v), sixteen));
                    high = L.Or(high, L.And(FifthBit.High<L, TF, TI>(fifth, v), sixteen));
                }

                s = L.AddShorts(s, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x + (4 * v)))));
                t = L.AddShorts(t, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x + 16 + (4 * v)))));
            }

            // Four products of five bits are all that a short holds, eight of four bits.
            TI products = hasFifthBits
                ? L.AddInt(L.MultiplyAddShorts(s, ones), L.MultiplyAddShorts(t, ones))
                : L.MultiplyAddShorts(L.AddShorts(s, t), ones);
            if (offset != 0)
            {
                products = L.SubtractInt(products, L.BroadcastInt(offset * sums[block]));
            }

            TF scale = L.Multiply(L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore), L.Broadcast(scales[block]));
            total = L.MultiplyAdd(L.ToSingle(products), scale, total);
            if (hasMinimum)
            {
                TF minimum = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)(panel + Minima) + lane), restore);
                total = L.MultiplyAdd(minimum, L.Broadcast(scaledSums[2 * block]), total);
            }
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
        float* scaledSums0 = input.ScaledSums(columns[0]);
        float* scaledSums1 = input.ScaledSums(columns[1]);
        float* scaledSums2 = input.ScaledSums(columns[2]);
        float* scaledSums3 = input.ScaledSums(columns[3]);
        // Constants of the type go to locals: a property that the JIT calls inside the loop would spill every register.
        bool hasMinimum = TType.HasMinimum;
        bool hasFifthBits = TType.HasFifthBits;
        int nibbles = Nibbles;
        int panelBytes = PanelBytes;
        int fifthBits = FifthBits;
        int offset = TType.Offset;
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI sixteen = L.BroadcastInt(0x10101010);
        TI ones = L.BroadcastInt(0x00010001);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total0 = default, total1 = default, total2 = default, total3 = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += panelBytes)
        {
            CacheLines.PrefetchAhead(panel, panelBytes);
            TI p0 = default, p1 = default, p2 = default, p3 = default;
            if (offset != 0)
            {
                p0 = L.BroadcastInt(-offset * sums0[block]);
                p1 = L.BroadcastInt(-offset * sums1[block]);
                p2 = L.BroadcastInt(-offset * sums2[block]);
                p3 = L.BroadcastInt(-offset * sums3[block]);
            }

            TI s0 = default, s1 = default, s2 = default, s3 = default;
            byte* q = panel + nibbles + (4 * lane);
            TI fifth = hasFifthBits ? L.LoadInt(panel + fifthBits + (4 * lane)) : default;
            int i = 32 * block;
            for (int v = 0; v < 4; v++, i += 4, q += 64)
            {
                TI w = L.LoadInt(q);
                TI low = L.And(w, mask);
                TI high = L.And(L.ShiftRight(w, 4), mask);
                if (hasFifthBits)
                {
                    low = L.Or(low, L.And(FifthBit.Low<L, TF, TI>(fifth, v), sixteen));
                    high = L.Or(high, L.And(FifthBit.High<L, TF, TI>(fifth, v), sixteen));
                }

                s0 = L.AddShorts(s0, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x0 + i))));
                s1 = L.AddShorts(s1, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x1 + i))));
                s2 = L.AddShorts(s2, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x2 + i))));
                s3 = L.AddShorts(s3, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x3 + i))));
                s0 = L.AddShorts(s0, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x0 + i + 16))));
                s1 = L.AddShorts(s1, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x1 + i + 16))));
                s2 = L.AddShorts(s2, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x2 + i + 16))));
                s3 = L.AddShorts(s3, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x3 + i + 16))));
                if (hasFifthBits && v == 1)
                {
                    p0 = L.AddInt(p0, L.MultiplyAddShorts(s0, ones));
                    p1 = L.AddInt(p1, L.MultiplyAddShorts(s1, ones));
                    p2 = L.AddInt(p2, L.MultiplyAddShorts(s2, ones));
                    p3 = L.AddInt(p3, L.MultiplyAddShorts(s3, ones));
                    s0 = s1 = s2 = s3 = default;
                }
            }

            p0 = L.AddInt(p0, L.MultiplyAddShorts(s0, ones));
            p1 = L.AddInt(p1, L.MultiplyAddShorts(s1, ones));
            p2 = L.AddInt(p2, L.MultiplyAddShorts(s2, ones));
            p3 = L.AddInt(p3, L.MultiplyAddShorts(s3, ones));
            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            total0 = L.MultiplyAdd(L.ToSingle(p0), L.Multiply(scale, L.Broadcast(d0[block])), total0);
            total1 = L.MultiplyAdd(L.ToSingle(p1), L.Multiply(scale, L.Broadcast(d1[block])), total1);
            total2 = L.MultiplyAdd(L.ToSingle(p2), L.Multiply(scale, L.Broadcast(d2[block])), total2);
            total3 = L.MultiplyAdd(L.ToSingle(p3), L.Multiply(scale, L.Broadcast(d3[block])), total3);
            if (hasMinimum)
            {
                TF minimum = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)(panel + Minima) + lane), restore);
                total0 = L.MultiplyAdd(minimum, L.Broadcast(scaledSums0[2 * block]), total0);
                total1 = L.MultiplyAdd(minimum, L.Broadcast(scaledSums1[2 * block]), total1);
                total2 = L.MultiplyAdd(minimum, L.Broadcast(scaledSums2[2 * block]), total2);
                total3 = L.MultiplyAdd(minimum, L.Broadcast(scaledSums3[2 * block]), total3);
            }
        }

        L.Store(output + lane, total0);
        L.Store(output + 16 + lane, total1);
        L.Store(output + 32 + lane, total2);
        L.Store(output + 48 + lane, total3);
    }

    private static uint ArrangeFifthBits(uint bits)
    {
        uint arranged = 0;
        for (int i = 0; i < 32; i++)
        {
            int v = (i % 16) / 4;
            int place = (8 * (i % 4)) + (2 * v) + (i / 16);
            arranged |= ((bits >> i) & 1) << place;
        }

        return arranged;
    }
}
