using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// 16 rows of Q6_K: 16 scales as half, group scales (16, 16) as signed bytes, then for each half of the block eight times three registers: low nibbles of
/// groups 0 and 2, low nibbles of groups 1 and 3, upper bits of all four. The offset 32 is taken off with the activation's group sums.
/// </summary>
internal readonly unsafe struct Q6_KPanel : IPanelFormat
{
    private const int GroupScales = 32;
    private const int Quants = GroupScales + 256;

    public static int Elements => 256;

    public static int FileBytes => 210;

    public static int PanelBytes => Quants + 3072;

    public static void Pack(byte* block, byte* panel, int row)
    {
        ((ushort*)panel)[row] = Unsafe.ReadUnaligned<ushort>(block + 208);
        for (int group = 0; group < 16; group++)
        {
            panel[GroupScales + (group * 16) + row] = block[192 + group];
        }

        for (int half = 0; half < 2; half++)
        {
            for (int v = 0; v < 8; v++)
            {
                uint* registers = (uint*)(panel + Quants) + (((8 * half) + v) * 48) + row;
                registers[0] = Unsafe.ReadUnaligned<uint>(block + (64 * half) + (4 * v));
                registers[16] = Unsafe.ReadUnaligned<uint>(block + (64 * half) + 32 + (4 * v));
                registers[32] = Unsafe.ReadUnaligned<uint>(block + 128 + (32 * half) + (4 * v));
            }
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
        int* sums = input.GroupSums(column);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total = default;
        int blocks = input.Width / 256;
        for (int block = 0; block < blocks; block++, panel += PanelBytes, x += 256, sums += 16)
        {
            TI products = default;
            byte* q = panel + Quants + (4 * lane);
            for (int part = 0; part < 4; part++)
            {
                // Part 2n + h: half n of the block, half h of its groups.
                byte* groups = panel + GroupScales + (16 * ((8 * (part >> 1)) + (part & 1))) + lane;
                TI scale0 = Twice<L, TF, TI>(groups);
                TI scale1 = Twice<L, TF, TI>(groups + 32);
                TI scale2 = Twice<L, TF, TI>(groups + 64);
                TI scale3 = Twice<L, TF, TI>(groups + 96);
                sbyte* y = x + (128 * (part >> 1)) + (16 * (part & 1));
                for (int v = 0; v < 2; v++, q += 384, y += 8)
                {
                    Unpack<L, TF, TI>(q, out TI a0, out TI a1, out TI a2, out TI a3);
                    Unpack<L, TF, TI>(q + 192, out TI b0, out TI b1, out TI b2, out TI b3);
                    products = L.AddInt(products, Pair<L, TF, TI>(a0, b0, y, scale0));
                    products = L.AddInt(products, Pair<L, TF, TI>(a1, b1, y + 32, scale1));
                    products = L.AddInt(products, Pair<L, TF, TI>(a2, b2, y + 64, scale2));
                    products = L.AddInt(products, Pair<L, TF, TI>(a3, b3, y + 96, scale3));
                }
            }

            TI offsets = Offsets<L, TF, TI>(panel + GroupScales + lane, sums);
            TF scale = L.Multiply(L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore), L.Broadcast(scales[8 * block]));
            total = L.MultiplyAdd(L.ToSingle(L.SubtractInt(products, L.ShiftLeft(offsets, 5))), scale, total);
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
        int* sums0 = input.GroupSums(columns[0]);
        int* sums1 = input.GroupSums(columns[1]);
        int* sums2 = input.GroupSums(columns[2]);
        int* sums3 = input.GroupSums(columns[3]);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total0 = default, total1 = default, total2 = default, total3 = default;
        int blocks = input.Width / 256;
        for (int block = 0; block < blocks; block++, panel += PanelBytes)
        {
            TI p0 = default, p1 = default, p2 = default, p3 = default;
            byte* q = panel + Quants + (4 * lane);
            for (int part = 0; part < 4; part++)
            {
                CacheLines.PrefetchAhead(panel + (part * PanelBytes / 4), PanelBytes / 4);
                byte* groups = panel + GroupScales + (16 * ((8 * (part >> 1)) + (part & 1))) + lane;
                TI scale0 = Twice<L, TF, TI>(groups);
                TI scale1 = Twice<L, TF, TI>(groups + 32);
                TI scale2 = Twice<L, TF, TI>(groups + 64);
                TI scale3 = Twice<L, TF, TI>(groups + 96);
                int i = (256 * block) + (128 * (part >> 1)) + (16 * (part & 1));
                for (int v = 0; v < 2; v++, q += 384, i += 8)
                {
                    Unpack<L, TF, TI>(q, out TI a0, out TI a1, out TI a2, out TI a3);
                    Unpack<L, TF, TI>(q + 192, out TI b0, out TI b1, out TI b2, out TI b3);
                    p0 = L.AddInt(p0, Pair<L, TF, TI>(a0, b0, x0 + i, scale0));
                    p1 = L.AddInt(p1, Pair<L, TF, TI>(a0, b0, x1 + i, scale0));
                    p2 = L.AddInt(p2, Pair<L, TF, TI>(a0, b0, x2 + i, scale0));
                    p3 = L.AddInt(p3, Pair<L, TF, TI>(a0, b0, x3 + i, scale0));
                    p0 = L.AddInt(p0, Pair<L, TF, TI>(a1, b1, x0 + i + 32, scale1));
                    p1 = L.AddInt(p1, Pair<L, TF, TI>(a1, b1, x1 + i + 32, scale1));
                    p2 = L.AddInt(p2, Pair<L, TF, TI>(a1, b1, x2 + i + 32, scale1));
                    p3 = L.AddInt(p3, Pair<L, TF, TI>(a1, b1, x3 + i + 32, scale1));
                    p0 = L.AddInt(p0, Pair<L, TF, TI>(a2, b2, x0 + i + 64, scale2));
                    p1 = L.AddInt(p1, Pair<L, TF, TI>(a2, b2, x1 + i + 64, scale2));
                    p2 = L.AddInt(p2, Pair<L, TF, TI>(a2, b2, x2 + i + 64, scale2));
                    p3 = L.AddInt(p3, Pair<L, TF, TI>(a2, b2, x3 + i + 64, scale2));
                    p0 = L.AddInt(p0, Pair<L, TF, TI>(a3, b3, x0 + i + 96, scale3));
                    p1 = L.AddInt(p1, Pair<L, TF, TI>(a3, b3, x1 + i + 96, scale3));
                    p2 = L.AddInt(p2, Pair<L, TF, TI>(a3, b3, x2 + i + 96, scale3));
                    p3 = L.AddInt(p3, Pair<L, TF, TI>(a3, b3, x3 + i + 96, scale3));
                }
            }

            byte* all = panel + GroupScales + lane;
            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            total0 = L.MultiplyAdd(Block<L, TF, TI>(p0, all, sums0 + (16 * block)), L.Multiply(scale, L.Broadcast(d0[8 * block])), total0);
            total1 = L.MultiplyAdd(Block<L, TF, TI>(p1, all, sums1 + (16 * block)), L.Multiply(scale, L.Broadcast(d1[8 * block])), total1);
            total2 = L.MultiplyAdd(Block<L, TF, TI>(p2, all, sums2 + (16 * block)), L.Multiply(scale, L.Broadcast(d2[8 * block])), total2);
            total3 = L.MultiplyAdd(Block<L, TF, TI>(p3, all, sums3 + (16 * block)), L.Multiply(scale, L.Broadcast(d3[8 * block])), total3);
        }

        L.Store(output + lane, total0);
        L.Store(output + 16 + lane, total1);
        L.Store(output + 32 + lane, total2);
        L.Store(output + 48 + lane, total3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack<L, TF, TI>(byte* q, out TI group0, out TI group1, out TI group2, out TI group3)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI nibble = L.BroadcastInt(0x0F0F0F0F);
        TI upper = L.BroadcastInt(0x30303030);
        TI first = L.LoadInt(q);
        TI second = L.LoadInt(q + 64);
        TI high = L.LoadInt(q + 128);
        group0 = L.Or(L.And(first, nibble), L.And(L.ShiftLeft(high, 4), upper));
        group1 = L.Or(L.And(second, nibble), L.And(L.ShiftLeft(high, 2), upper));
        group2 = L.Or(L.And(L.ShiftRight(first, 4), nibble), L.And(high, upper));
        group3 = L.Or(L.And(L.ShiftRight(second, 4), nibble), L.And(L.ShiftRight(high, 2), upper));
    }

    /// <summary>Two registers of one group times eight activations, scaled: 2 x 2 x 63 x 127 fits a short.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Pair<L, TF, TI>(TI first, TI second, sbyte* x, TI scale)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI left = L.MultiplyAddBytes(first, L.BroadcastInt(*(int*)x));
        TI right = L.MultiplyAddBytes(second, L.BroadcastInt(*(int*)(x + 4)));
        return L.MultiplyAddShorts(L.AddShorts(left, right), scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TF Block<L, TF, TI>(TI products, byte* groupScales, int* sums)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct =>
        L.ToSingle(L.SubtractInt(products, L.ShiftLeft(Offsets<L, TF, TI>(groupScales, sums), 5)));

    /// <summary>Group scales times group sums of the activation; the upper short of a sum is cleared because that of a scale holds its sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Offsets<L, TF, TI>(byte* groupScales, int* sums)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI offsets = default;
        for (int group = 0; group < 16; group++)
        {
            TI scale = L.LoadSBytes((sbyte*)groupScales + (16 * group));
            offsets = L.AddInt(offsets, L.MultiplyAddShorts(scale, L.BroadcastInt(sums[group] & 0xFFFF)));
        }

        return offsets;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Twice<L, TF, TI>(byte* bytes)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI value = L.LoadSBytes((sbyte*)bytes);
        return L.Or(L.And(value, L.BroadcastInt(0xFFFF)), L.ShiftLeft(value, 16));
    }
}
