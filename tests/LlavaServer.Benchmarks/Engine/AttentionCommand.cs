using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>
/// `attention [--width 64] [--positions 64,256,1024,2048]`: rates of attention over the KV cache on one thread, for one query a head and for four
/// (grouped queries or prefill), with blocks in order and scattered, in gigabytes of keys and values a second of processor time.
/// </summary>
internal static unsafe class AttentionCommand
{
    // Far more than a second-level cache: a step reads all layers' keys and values before it comes back to the first.
    private const long PoolBytes = 64L << 20;
    private const int Passes = 6;
    private const int Repeats = 6;

    public static int Run(string[] args)
    {
        int width = CommandLine.Integer(args, "--width", 64);
        foreach (int positions in CommandLine.Integers(args, "--positions", 64, 256, 1024, 2048))
        {
            Measure(width, positions);
        }

        return 0;
    }

    private static void Measure(int width, int positions)
    {
        int stride = (width + 31) / 32 * 32;
        int blockHalves = KVBlocks.Positions * (width + stride);
        int perHead = (positions + KVBlocks.Positions - 1) / KVBlocks.Positions;
        int heads = (int)Math.Max(1, PoolBytes / sizeof(ushort) / blockHalves / perHead);
        using var memory = new NativeBuffer((long)heads * perHead * blockHalves * sizeof(ushort));
        using var vectors = new NativeBuffer(2L * Attention.Queries * width * sizeof(float));
        using var scratch = new NativeBuffer(Attention.ScratchFloats(width, stride, positions) * sizeof(float));
        new Span<byte>(memory.Pointer, (int)memory.Bytes).Fill(0x2C);
        new Span<float>(vectors.Floats, Attention.Queries * width).Fill(0.25f);
        float** queries = stackalloc float*[Attention.Queries];
        float** outputs = stackalloc float*[Attention.Queries];
        int* lengths = stackalloc int[Attention.Queries];
        for (int i = 0; i < Attention.Queries; i++)
        {
            queries[i] = vectors.Floats + (i * width);
            outputs[i] = vectors.Floats + ((Attention.Queries + i) * width);
            lengths[i] = positions;
        }

        int[] inOrder = [.. Enumerable.Range(0, heads * perHead)];
        int[] scattered = [.. inOrder];
        new Random(1).Shuffle(scattered);
        ushort* keys = (ushort*)memory.Pointer;
        ushort* values = keys + ((long)heads * perHead * KVBlocks.Positions * width);
        foreach ((string order, int[] table) in new[] { ("in order", inOrder), ("scattered", scattered) })
        {
            fixed (int* blocks = table)
            {
                foreach (int count in (int[])[1, Attention.Queries])
                {
                    double best = double.MaxValue;
                    for (int repeat = 0; repeat < Repeats; repeat++)
                    {
                        TimeSpan start = Environment.CpuUsage.TotalTime;
                        for (int head = 0; head < Passes * heads; head++)
                        {
                            var view = new KVBlocks(keys, values, blocks + (head % heads * perHead), width, stride);
                            Attention.Attend(queries, lengths, count, view, positions, 0.1f, outputs, scratch.Floats);
                        }

                        best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds / Passes);
                    }

                    Console.WriteLine($"{positions,5} positions of width {width}, {count} queries, blocks {order}: {memory.Bytes / best / 1e9,6:f2} GB/s");
                }
            }
        }
    }
}
