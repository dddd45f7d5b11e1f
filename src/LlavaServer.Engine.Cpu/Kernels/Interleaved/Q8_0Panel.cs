using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// 16 rows of Q8_0: 16 scales as half, then eight registers of bytes. Register v holds elements 4v to 4v + 3 of every row in the order 0, 2, 1, 3, so
/// that its even bytes, widened, meet the activation's shorts 4v and 4v + 1, and its odd bytes the next two.
/// </summary>
internal readonly unsafe struct Q8_0Panel : IPanelFormat
{
    private const int Quants = 32;

    public static int Elements => 32;

    public static int FileBytes => 34;

    public static int PanelBytes => 16 * 34;

    public static void Pack(byte* block, byte* panel, int row)
    {
        ((ushort*)panel)[row] = Unsafe.ReadUnaligned<ushort>(block);
        for (int v = 0; v < 8; v++)
        {
            byte* source = block + 2 + (4 * v);
            ((uint*)(panel + Quants))[(v * 16) + row] = source[0] | ((uint)source[2] << 8) | ((uint)source[1] << 16) | ((uint)source[3] << 24);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot1<L, TF, TI>(byte* panel, in PanelInput input, int column, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        short* x = input.Shorts(column);
        float* scales = input.Scales(column);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += PanelBytes, x += 32)
        {
            byte* q = panel + Quants + (4 * lane);
            TI s = default, t = default;
            for (int v = 0; v < 8; v += 2)
            {
                TI w = L.LoadInt(q + (64 * v));
                s = L.AddInt(s, L.MultiplyAddShorts(L.ShiftRightShorts(L.ShiftLeftShorts(w, 8), 8), L.BroadcastInt(*(int*)(x + (4 * v)))));
                t = L.AddInt(t, L.MultiplyAddShorts(L.ShiftRightShorts(w, 8), L.BroadcastInt(*(int*)(x + (4 * v) + 2))));
                w = L.LoadInt(q + (64 * v) + 64);
                s = L.AddInt(s, L.MultiplyAddShorts(L.ShiftRightShorts(L.ShiftLeftShorts(w, 8), 8), L.BroadcastInt(*(int*)(x + (4 * v) + 4))));
                t = L.AddInt(t, L.MultiplyAddShorts(L.ShiftRightShorts(w, 8), L.BroadcastInt(*(int*)(x + (4 * v) + 6))));
            }

            TF scale = L.Multiply(L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore), L.Broadcast(scales[block]));
            total = L.MultiplyAdd(L.ToSingle(L.AddInt(s, t)), scale, total);
        }

        L.Store(output + lane, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot4<L, TF, TI>(byte* panel, in PanelInput input, int* columns, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        short* x0 = input.Shorts(columns[0]);
        short* x1 = input.Shorts(columns[1]);
        short* x2 = input.Shorts(columns[2]);
        short* x3 = input.Shorts(columns[3]);
        float* d0 = input.Scales(columns[0]);
        float* d1 = input.Scales(columns[1]);
        float* d2 = input.Scales(columns[2]);
        float* d3 = input.Scales(columns[3]);
        TF restore = L.Broadcast(HalfBits.Restore);
        TF total0 = default, total1 = default, total2 = default, total3 = default;
        int blocks = input.Width / 32;
        for (int block = 0; block < blocks; block++, panel += PanelBytes)
        {
            CacheLines.PrefetchAhead(panel, PanelBytes);
            TI s0 = default, s1 = default, s2 = default, s3 = default;
            byte* q = panel + Quants + (4 * lane);
            int end = (32 * block) + 32;
            for (int i = 32 * block; i < end; i += 4, q += 64)
            {
                TI w = L.LoadInt(q);
                TI even = L.ShiftRightShorts(L.ShiftLeftShorts(w, 8), 8);
                TI odd = L.ShiftRightShorts(w, 8);
                s0 = L.AddInt(s0, L.MultiplyAddShorts(even, L.BroadcastInt(*(int*)(x0 + i))));
                s1 = L.AddInt(s1, L.MultiplyAddShorts(even, L.BroadcastInt(*(int*)(x1 + i))));
                s2 = L.AddInt(s2, L.MultiplyAddShorts(even, L.BroadcastInt(*(int*)(x2 + i))));
                s3 = L.AddInt(s3, L.MultiplyAddShorts(even, L.BroadcastInt(*(int*)(x3 + i))));
                s0 = L.AddInt(s0, L.MultiplyAddShorts(odd, L.BroadcastInt(*(int*)(x0 + i + 2))));
                s1 = L.AddInt(s1, L.MultiplyAddShorts(odd, L.BroadcastInt(*(int*)(x1 + i + 2))));
                s2 = L.AddInt(s2, L.MultiplyAddShorts(odd, L.BroadcastInt(*(int*)(x2 + i + 2))));
                s3 = L.AddInt(s3, L.MultiplyAddShorts(odd, L.BroadcastInt(*(int*)(x3 + i + 2))));
            }

            TF scale = L.Multiply(HalfBits.LoadTiny<L, TF, TI>((ushort*)panel + lane), restore);
            total0 = L.MultiplyAdd(L.ToSingle(s0), L.Multiply(scale, L.Broadcast(d0[block])), total0);
            total1 = L.MultiplyAdd(L.ToSingle(s1), L.Multiply(scale, L.Broadcast(d1[block])), total1);
            total2 = L.MultiplyAdd(L.ToSingle(s2), L.Multiply(scale, L.Broadcast(d2[block])), total2);
            total3 = L.MultiplyAdd(L.ToSingle(s3), L.Multiply(scale, L.Broadcast(d3[block])), total3);
        }

        L.Store(output + lane, total0);
        L.Store(output + 16 + lane, total1);
        L.Store(output + 32 + lane, total2);
        L.Store(output + 48 + lane, total3);
    }
}
