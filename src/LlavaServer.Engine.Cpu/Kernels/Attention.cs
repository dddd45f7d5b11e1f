using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Causal attention of up to four queries over the keys and values of one head in a half-precision cache, F32 accumulation. The result of a query has
/// the same bits whatever queries are computed beside it.
/// </summary>
internal static unsafe class Attention
{
    /// <summary>Positions of a tile of keys.</summary>
    public const int TilePositions = 16;

    /// <summary>Queries that one call takes.</summary>
    public const int Queries = 4;

    // Halves come as their value times 2^-112 (HalfBits): what they meet carries 2^96, results are scaled by the rest.
    private const float Lift = 7.922816251426434e28f;
    private const float Settle = 65536f;

    /// <summary>Floats of scratch for one thread: scaled queries, then scores.</summary>
    public static int ScratchFloats(int headWidth, int valueStride, int contextLength) =>
        (Queries * ((headWidth + 15) / 16 * 16)) + (Queries * valueStride) + (Queries * ScoreStride(contextLength));

    /// <param name="queries">Four pointers to query vectors of the head's width; unused ones repeat the last.</param>
    /// <param name="lengths">Positions that each query sees.</param>
    /// <param name="count">1 to 4 queries in use.</param>
    /// <param name="blocks">Keys and values of the head.</param>
    /// <param name="contextLength">Most positions, which the scratch was sized for.</param>
    /// <param name="scale">Factor of the scores, 1 / sqrt(head width) unless the model says otherwise.</param>
    /// <param name="outputs">Four pointers to results of the head's width.</param>
    /// <param name="scratch">Of <see cref="ScratchFloats"/>.</param>
    public static void Attend(
        float** queries, int* lengths, int count, in KVBlocks blocks, int contextLength, float scale, float** outputs, float* scratch)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Attend<Lanes512, Vector512<float>, Vector512<int>>(queries, lengths, count, blocks, contextLength, scale, outputs, scratch);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Attend<Lanes256, Vector256<float>, Vector256<int>>(queries, lengths, count, blocks, contextLength, scale, outputs, scratch);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Attend<Lanes128, Vector128<float>, Vector128<int>>(queries, lengths, count, blocks, contextLength, scale, outputs, scratch);
        }
        else
        {
            Attend<LanesScalar, float, int>(queries, lengths, count, blocks, contextLength, scale, outputs, scratch);
        }
    }

    public static void Attend<L, TF, TI>(
        float** queries, int* lengths, int count, in KVBlocks blocks, int contextLength, float scale, float** outputs, float* scratch)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int headWidth = blocks.HeadWidth;
        int valueStride = blocks.ValueStride;
        int queryStride = (headWidth + 15) / 16 * 16;
        int scoreStride = ScoreStride(contextLength);
        float* lifted = scratch;
        float* mixed = lifted + (Queries * queryStride);
        float* scores = mixed + (Queries * valueStride);
        int longest = 0;
        for (int c = 0; c < count; c++)
        {
            longest = Math.Max(longest, lengths[c]);
            for (int d = 0; d < headWidth; d++)
            {
                lifted[(c * queryStride) + d] = queries[c][d] * Lift;
            }
        }

        int tiles = (longest + TilePositions - 1) / TilePositions;
        if (count == 1)
        {
            Scores1<L, TF, TI>(lifted, blocks, tiles, scale * Settle, scores);
        }
        else
        {
            for (int c = count; c < Queries; c++)
            {
                Buffer.MemoryCopy(lifted, lifted + (c * queryStride), headWidth * sizeof(float), headWidth * sizeof(float));
            }

            Scores4<L, TF, TI>(lifted, queryStride, blocks, tiles, scale * Settle, scores, scoreStride);
        }

        float* sums = stackalloc float[Queries];
        for (int c = 0; c < Queries; c++)
        {
            int length = c < count ? lengths[c] : 0;
            float* row = scores + (c * scoreStride);
            sums[c] = c < count ? Exponentials<L, TF, TI>(row, length) : 1;
            if (count > 1)
            {
                new Span<float>(row + length, longest - length).Clear();
            }
        }

        if (count == 1)
        {
            Mix1<L, TF, TI>(scores, blocks, longest, mixed);
        }
        else
        {
            Mix4<L, TF, TI>(scores, scoreStride, blocks, longest, mixed);
        }

        for (int c = 0; c < count; c++)
        {
            float factor = Settle / sums[c];
            for (int d = 0; d < headWidth; d++)
            {
                outputs[c][d] = mixed[(c * valueStride) + d] * factor;
            }
        }
    }

    private static int ScoreStride(int contextLength) => (contextLength + 31) / 32 * 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores1<L, TF, TI>(float* query, in KVBlocks blocks, int tiles, float scale, float* scores)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int headWidth = blocks.HeadWidth;
        TF factor = L.Broadcast(scale);
        int end = (tiles + 1) / 2;
        for (int block = 0, run; block < end; block += run)
        {
            run = blocks.Run(block, end);
            ushort* key = blocks.Keys(block);
            int endTile = Math.Min(2 * (block + run), tiles);
            for (int tile = 2 * block; tile < endTile; tile++, key += TilePositions * headWidth)
            {
                for (int lane = 0; lane < TilePositions; lane += L.Count)
                {
                    // Two sums hide the latency of the multiplications; head widths are even.
                    TF even = default, odd = default;
                    for (int d = 0; d < headWidth; d += 2)
                    {
                        even = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(key + (d * TilePositions) + lane), L.Broadcast(query[d]), even);
                        odd = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(key + ((d + 1) * TilePositions) + lane), L.Broadcast(query[d + 1]), odd);
                    }

                    L.Store(scores + (tile * TilePositions) + lane, L.Multiply(L.Add(even, odd), factor));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores4<L, TF, TI>(float* query, int queryStride, in KVBlocks blocks, int tiles, float scale, float* scores, int scoreStride)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int headWidth = blocks.HeadWidth;
        float* q1 = query + queryStride;
        float* q2 = q1 + queryStride;
        float* q3 = q2 + queryStride;
        TF factor = L.Broadcast(scale);
        int end = (tiles + 1) / 2;
        for (int block = 0, run; block < end; block += run)
        {
            run = blocks.Run(block, end);
            ushort* key = blocks.Keys(block);
            int endTile = Math.Min(2 * (block + run), tiles);
            for (int tile = 2 * block; tile < endTile; tile++, key += TilePositions * headWidth)
            {
                for (int lane = 0; lane < TilePositions; lane += L.Count)
                {
                    TF s0 = default, s1 = default, s2 = default, s3 = default;
                    TF t0 = default, t1 = default, t2 = default, t3 = default;
                    for (int d = 0; d < headWidth; d += 2)
                    {
                        TF k = HalfBits.LoadTiny<L, TF, TI>(key + (d * TilePositions) + lane);
                        s0 = L.MultiplyAdd(k, L.Broadcast(query[d]), s0);
                        s1 = L.MultiplyAdd(k, L.Broadcast(q1[d]), s1);
                        s2 = L.MultiplyAdd(k, L.Broadcast(q2[d]), s2);
                        s3 = L.MultiplyAdd(k, L.Broadcast(q3[d]), s3);
                        k = HalfBits.LoadTiny<L, TF, TI>(key + ((d + 1) * TilePositions) + lane);
                        t0 = L.MultiplyAdd(k, L.Broadcast(query[d + 1]), t0);
                        t1 = L.MultiplyAdd(k, L.Broadcast(q1[d + 1]), t1);
                        t2 = L.MultiplyAdd(k, L.Broadcast(q2[d + 1]), t2);
                        t3 = L.MultiplyAdd(k, L.Broadcast(q3[d + 1]), t3);
                    }

                    float* score = scores + (tile * TilePositions) + lane;
                    L.Store(score, L.Multiply(L.Add(s0, t0), factor));
                    L.Store(score + scoreStride, L.Multiply(L.Add(s1, t1), factor));
                    L.Store(score + (2 * scoreStride), L.Multiply(L.Add(s2, t2), factor));
                    L.Store(score + (3 * scoreStride), L.Multiply(L.Add(s3, t3), factor));
                }
            }
        }
    }

    /// <summary>Replaces scores by their exponentials, lifted, less the largest; returns the sum of the exponentials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentials<L, TF, TI>(float* scores, int length)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        float largest = float.NegativeInfinity;
        int i = 0;
        if (length >= L.Count)
        {
            TF most = L.Load(scores);
            for (i = L.Count; i <= length - L.Count; i += L.Count)
            {
                most = L.Max(most, L.Load(scores + i));
            }

            largest = L.MaxAcross(most);
        }

        for (; i < length; i++)
        {
            largest = MathF.Max(largest, scores[i]);
        }

        TF sum = default;
        TF top = L.Broadcast(largest);
        TF lift = L.Broadcast(Lift);
        for (i = 0; i <= length - L.Count; i += L.Count)
        {
            TF exponential = L.Exp(L.Subtract(L.Load(scores + i), top));
            sum = L.Add(sum, exponential);
            L.Store(scores + i, L.Multiply(exponential, lift));
        }

        float total = L.Sum(sum);
        for (; i < length; i++)
        {
            float exponential = MathF.Exp(scores[i] - largest);
            total += exponential;
            scores[i] = exponential * Lift;
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix1<L, TF, TI>(float* weights, in KVBlocks blocks, int length, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int valueStride = blocks.ValueStride;
        int blockCount = (length + KVBlocks.Positions - 1) / KVBlocks.Positions;
        int d = 0;
        for (; d <= valueStride - (4 * L.Count); d += 4 * L.Count)
        {
            TF s0 = default, s1 = default, s2 = default, s3 = default;
            int position = 0;
            while (position < length)
            {
                int block = position / KVBlocks.Positions;
                ushort* value = blocks.Values(block) + d;
                int end = Math.Min((block + blocks.Run(block, blockCount)) * KVBlocks.Positions, length);
                for (; position < end; position++, value += valueStride)
                {
                    TF w = L.Broadcast(weights[position]);
                    s0 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value), w, s0);
                    s1 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value + L.Count), w, s1);
                    s2 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value + (2 * L.Count)), w, s2);
                    s3 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value + (3 * L.Count)), w, s3);
                }
            }

            L.Store(output + d, s0);
            L.Store(output + d + L.Count, s1);
            L.Store(output + d + (2 * L.Count), s2);
            L.Store(output + d + (3 * L.Count), s3);
        }

        for (; d < valueStride; d += 2 * L.Count)
        {
            TF s0 = default, s1 = default;
            int position = 0;
            while (position < length)
            {
                int block = position / KVBlocks.Positions;
                ushort* value = blocks.Values(block) + d;
                int end = Math.Min((block + blocks.Run(block, blockCount)) * KVBlocks.Positions, length);
                for (; position < end; position++, value += valueStride)
                {
                    TF w = L.Broadcast(weights[position]);
                    s0 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value), w, s0);
                    s1 = L.MultiplyAdd(HalfBits.LoadTiny<L, TF, TI>(value + L.Count), w, s1);
                }
            }

            L.Store(output + d, s0);
            L.Store(output + d + L.Count, s1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix4<L, TF, TI>(float* weights, int scoreStride, in KVBlocks blocks, int length, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int valueStride = blocks.ValueStride;
        int blockCount = (length + KVBlocks.Positions - 1) / KVBlocks.Positions;
        float* w1 = weights + scoreStride;
        float* w2 = w1 + scoreStride;
        float* w3 = w2 + scoreStride;
        for (int d = 0; d < valueStride; d += 2 * L.Count)
        {
            TF s0 = default, s1 = default, s2 = default, s3 = default;
            TF t0 = default, t1 = default, t2 = default, t3 = default;
            int position = 0;
            while (position < length)
            {
                int block = position / KVBlocks.Positions;
                ushort* value = blocks.Values(block) + d;
                int end = Math.Min((block + blocks.Run(block, blockCount)) * KVBlocks.Positions, length);
                for (; position < end; position++, value += valueStride)
                {
                    TF v0 = HalfBits.LoadTiny<L, TF, TI>(value);
                    TF v1 = HalfBits.LoadTiny<L, TF, TI>(value + L.Count);
                    TF w = L.Broadcast(weights[position]);
                    s0 = L.MultiplyAdd(v0, w, s0);
                    t0 = L.MultiplyAdd(v1, w, t0);
                    w = L.Broadcast(w1[position]);
                    s1 = L.MultiplyAdd(v0, w, s1);
                    t1 = L.MultiplyAdd(v1, w, t1);
                    w = L.Broadcast(w2[position]);
                    s2 = L.MultiplyAdd(v0, w, s2);
                    t2 = L.MultiplyAdd(v1, w, t2);
                    w = L.Broadcast(w3[position]);
                    s3 = L.MultiplyAdd(v0, w, s3);
                    t3 = L.MultiplyAdd(v1, w, t3);
                }
            }

            L.Store(output + d, s0);
            L.Store(output + d + L.Count, t0);
            L.Store(output + valueStride + d, s1);
            L.Store(output + valueStride + d + L.Count, t1);
            L.Store(output + (2 * valueStride) + d, s2);
            L.Store(output + (2 * valueStride) + d + L.Count, t2);
            L.Store(output + (3 * valueStride) + d, s3);
            L.Store(output + (3 * valueStride) + d + L.Count, t3);
        }
    }
}
