using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Quantization;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// 16 rows of Q4_K or Q5_K: 16 scales and 16 minimum scales as half, group scales (8, 16) and group minima (8, 16) as bytes, for Q5_K eight registers of
/// fifth bits (bit g of a byte belongs to group g), then four pairs of groups of eight registers of nibbles, low ones the first group of the pair. All
/// sums of a block of 256 are whole numbers, as in llama.cpp.
/// </summary>
internal readonly unsafe struct KNibblePanel<TType> : IPanelFormat
    where TType : struct, INibbleType
{
    private const int Minima = 32;
    private const int GroupScales = 64;
    private const int GroupMinima = GroupScales + 128;
    private const int FifthBits = GroupMinima + 128;

    // Registers whose products a short can hold: 8 x 2 x 15 x 127 or 4 x 2 x 31 x 127.
    private static int Run => TType.HasFifthBits ? 4 : 8;

    private static int Nibbles => FifthBits + (TType.HasFifthBits ? 512 : 0);

    public static int Elements => 256;

    public static int FileBytes => TType.HasFifthBits ? 176 : 144;

    public static int PanelBytes => Nibbles + 2048;

    public static void Pack(byte* block, byte* panel, int row)
    {
        ((ushort*)panel)[row] = Unsafe.ReadUnaligned<ushort>(block);
        ((ushort*)(panel + Minima))[row] = Unsafe.ReadUnaligned<ushort>(block + 2);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = BlockBits.SixBitPair(block + 4, group);
            panel[GroupScales + (group * 16) + row] = (byte)scale;
            panel[GroupMinima + (group * 16) + row] = (byte)minimum;
        }

        for (int v = 0; TType.HasFifthBits && v < 8; v++)
        {
            ((uint*)(panel + FifthBits))[(v * 16) + row] = Unsafe.ReadUnaligned<uint>(block + 16 + (4 * v));
        }

        for (int v = 0; v < 32; v++)
        {
            ((uint*)(panel + Nibbles))[(v * 16) + row] = Unsafe.ReadUnaligned<uint>(block + FileBytes - 128 + (4 * v));
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
        // Constants of the type go to locals: a property that the JIT calls inside the loop would spill every register.
        bool hasFifthBits = TType.HasFifthBits;
        int nibbles = Nibbles;
        int panelBytes = PanelBytes;
        int run = Run;
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI sixteen = L.BroadcastInt(0x10101010);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total = default;
        int blocks = input.Width / 256;
        for (int block = 0; block < blocks; block++, panel += panelBytes, x += 256, sums += 8)
        {
            TI products = default, minima = default;
            byte* q = panel + nibbles + (4 * lane);
            for (int pair = 0; pair < 4; pair++, q += 512)
            {
                byte* groups = panel + GroupScales + (32 * pair) + lane;
                TI lowScale = Twice<L, TF, TI>(groups);
                TI highScale = Twice<L, TF, TI>(groups + 16);
                sbyte* y = x + (64 * pair);
                for (int start = 0; start < 8; start += run)
                {
                    TI low = default, high = default;
                    for (int v = start; v < start + run; v++)
                    {
                        TI w = L.LoadInt(q + (64 * v));
                        TI a = L.And(w, mask);
                        TI b = L.And(L.ShiftRight(w, 4), mask);
                        if (hasFifthBits)
                        {
                            TI fifth = L.LoadInt(panel + FifthBits + (64 * v) + (4 * lane));
                            a = L.Or(a, L.And(FifthBit.Low<L, TF, TI>(fifth, pair), sixteen));
                            b = L.Or(b, L.And(FifthBit.High<L, TF, TI>(fifth, pair), sixteen));
                        }

                        low = L.AddShorts(low, L.MultiplyAddBytes(a, L.BroadcastInt(*(int*)(y + (4 * v)))));
                        high = L.AddShorts(high, L.MultiplyAddBytes(b, L.BroadcastInt(*(int*)(y + 32 + (4 * v)))));
                    }

                    products = L.AddInt(products, L.MultiplyAddShorts(low, lowScale));
                    products = L.AddInt(products, L.MultiplyAddShorts(high, highScale));
                }

                groups += GroupMinima - GroupScales;
                minima = L.AddInt(minima, L.MultiplyAddShorts(L.LoadBytes(groups), L.BroadcastInt(sums[2 * pair])));
                minima = L.AddInt(minima, L.MultiplyAddShorts(L.LoadBytes(groups + 16), L.BroadcastInt(sums[(2 * pair) + 1])));
            }

            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            TF minimum = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)(panel + Minima) + lane), restore);
            TF sum = L.Subtract(L.Multiply(L.ToSingle(products), scale), L.Multiply(L.ToSingle(minima), minimum));
            total = L.MultiplyAdd(sum, L.Broadcast(scales[8 * block]), total);
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
        // Constants of the type go to locals: a property that the JIT calls inside the loop would spill every register.
        bool hasFifthBits = TType.HasFifthBits;
        int nibbles = Nibbles;
        int panelBytes = PanelBytes;
        int run = Run;
        TI mask = L.BroadcastInt(0x0F0F0F0F);
        TI sixteen = L.BroadcastInt(0x10101010);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total0 = default, total1 = default, total2 = default, total3 = default;
        int blocks = input.Width / 256;
        for (int block = 0; block < blocks; block++, panel += panelBytes)
        {
            TI p0 = default, p1 = default, p2 = default, p3 = default;
            TI m0 = default, m1 = default, m2 = default, m3 = default;
            byte* q = panel + nibbles + (4 * lane);
            for (int pair = 4 * block; pair < (4 * block) + 4; pair++)
            {
                CacheLines.PrefetchAhead(panel + ((pair & 3) * (panelBytes / 4)), panelBytes / 4);
                byte* groups = panel + GroupScales + (32 * (pair & 3)) + lane;
                TI lowScale = Twice<L, TF, TI>(groups);
                TI highScale = Twice<L, TF, TI>(groups + 16);
                byte* fifth = panel + FifthBits + (4 * lane);
                int i = 64 * pair;
                for (int start = 0; start < 8; start += run)
                {
                    TI a0 = default, a1 = default, a2 = default, a3 = default;
                    TI b0 = default, b1 = default, b2 = default, b3 = default;
                    for (int v = 0; v < run; v++, i += 4, q += 64, fifth += 64)
                    {
                        TI w = L.LoadInt(q);
                        TI low = L.And(w, mask);
                        TI high = L.And(L.ShiftRight(w, 4), mask);
                        if (hasFifthBits)
                        {
                            TI bits = L.LoadInt(fifth);
                            low = L.Or(low, L.And(FifthBit.Low<L, TF, TI>(bits, pair & 3), sixteen));
                            high = L.Or(high, L.And(FifthBit.High<L, TF, TI>(bits, pair & 3), sixteen));
                        }

                        a0 = L.AddShorts(a0, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x0 + i))));
                        a1 = L.AddShorts(a1, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x1 + i))));
                        a2 = L.AddShorts(a2, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x2 + i))));
                        a3 = L.AddShorts(a3, L.MultiplyAddBytes(low, L.BroadcastInt(*(int*)(x3 + i))));
                        b0 = L.AddShorts(b0, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x0 + i + 32))));
                        b1 = L.AddShorts(b1, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x1 + i + 32))));
                        b2 = L.AddShorts(b2, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x2 + i + 32))));
                        b3 = L.AddShorts(b3, L.MultiplyAddBytes(high, L.BroadcastInt(*(int*)(x3 + i + 32))));
                    }

                    p0 = L.AddInt(p0, L.AddInt(L.MultiplyAddShorts(a0, lowScale), L.MultiplyAddShorts(b0, highScale)));
                    p1 = L.AddInt(p1, L.AddInt(L.MultiplyAddShorts(a1, lowScale), L.MultiplyAddShorts(b1, highScale)));
                    p2 = L.AddInt(p2, L.AddInt(L.MultiplyAddShorts(a2, lowScale), L.MultiplyAddShorts(b2, highScale)));
                    p3 = L.AddInt(p3, L.AddInt(L.MultiplyAddShorts(a3, lowScale), L.MultiplyAddShorts(b3, highScale)));
                }

                groups += GroupMinima - GroupScales;
                TI lowMinimum = L.LoadBytes(groups);
                TI highMinimum = L.LoadBytes(groups + 16);
                m0 = L.AddInt(m0, Minimum<L, TF, TI>(lowMinimum, highMinimum, sums0 + (2 * pair)));
                m1 = L.AddInt(m1, Minimum<L, TF, TI>(lowMinimum, highMinimum, sums1 + (2 * pair)));
                m2 = L.AddInt(m2, Minimum<L, TF, TI>(lowMinimum, highMinimum, sums2 + (2 * pair)));
                m3 = L.AddInt(m3, Minimum<L, TF, TI>(lowMinimum, highMinimum, sums3 + (2 * pair)));
            }

            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            TF minimum = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)(panel + Minima) + lane), restore);
            int first = 8 * block;
            total0 = L.MultiplyAdd(Block<L, TF, TI>(p0, scale, m0, minimum), L.Broadcast(d0[first]), total0);
            total1 = L.MultiplyAdd(Block<L, TF, TI>(p1, scale, m1, minimum), L.Broadcast(d1[first]), total1);
            total2 = L.MultiplyAdd(Block<L, TF, TI>(p2, scale, m2, minimum), L.Broadcast(d2[first]), total2);
            total3 = L.MultiplyAdd(Block<L, TF, TI>(p3, scale, m3, minimum), L.Broadcast(d3[first]), total3);
        }

        L.Store(output + lane, total0);
        L.Store(output + 16 + lane, total1);
        L.Store(output + 32 + lane, total2);
        L.Store(output + 48 + lane, total3);
    }

    /// <summary>A byte of every row in both shorts of its lane: the factor of two sums at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Twice<L, TF, TI>(byte* bytes)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI value = L.LoadBytes(bytes);
        return L.Or(value, L.ShiftLeft(value, 16));
    }

    /// <summary>The upper short of a minimum is zero, so that of the sum does not matter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TI Minimum<L, TF, TI>(TI low, TI high, int* sums)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct =>
        L.AddInt(L.MultiplyAddShorts(low, L.BroadcastInt(sums[0])), L.MultiplyAddShorts(high, L.BroadcastInt(sums[1])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TF Block<L, TF, TI>(TI products, TF scale, TI minima, TF minimum)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct =>
        L.Subtract(L.Multiply(L.ToSingle(products), scale), L.Multiply(L.ToSingle(minima), minimum));
}
