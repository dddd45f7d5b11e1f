using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Interleaved;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>
/// `kernels [--rows 2048] [--width 2048] [--type Q4_0] [--scale 1] [--batch 2,3,4,8,16,64]`: rates of the product kernels on one thread for one
/// activation row (gigabytes of weights a second) and for several (operations a second), per second of processor time.
/// </summary>
internal static unsafe class KernelsCommand
{
    private static readonly TensorType[] Types =
    [
        TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q8_0,
        TensorType.Q2_K, TensorType.Q3_K, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K, TensorType.IQ4_NL, TensorType.IQ4_XS,
    ];

    public static int Run(string[] args)
    {
        int rows = CommandLine.Integer(args, "--rows", 2048);
        int width = CommandLine.Integer(args, "--width", 2048);
        float scale = float.Parse(CommandLine.Option(args, "--scale") ?? "1");
        string? only = CommandLine.Option(args, "--type");
        foreach (TensorType type in Types.Where(type => only is null || only == TensorTypes.Name(type)))
        {
            Measure(type, rows, width, scale, CommandLine.Integers(args, "--batch", 64));
        }

        return 0;
    }

    private static void Measure(TensorType type, int rows, int width, float scale, int[] batches)
    {
        int columns = batches.Max();
        long rowBytes = TensorTypes.RowBytes(type, width);
        using var file = new NativeBuffer(rows * rowBytes);
        var values = new float[width];
        var random = new Random(1);
        for (int i = 0; i < width; i++)
        {
            values[i] = (float)(random.NextDouble() - 0.5) * scale;
        }

        for (int row = 0; row < rows; row++)
        {
            var target = new Span<byte>(file.Pointer + (row * rowBytes), (int)rowBytes);
            if (row == 0)
            {
                Quantizer.FromFloat(type, values, target);
            }
            else
            {
                new ReadOnlySpan<byte>(file.Pointer, (int)rowBytes).CopyTo(target);
            }
        }

        using var workers = new WorkerPool(1);
        using var weights = new WeightRows(type, file.Pointer, rows, width, Interleaving.Pack(type, file.Pointer, rows, width, workers));
        using var activations = new Activations(columns, width, weights.Form);
        using var source = new NativeBuffer((long)columns * width * sizeof(float));
        using var output = new NativeBuffer((long)columns * rows * sizeof(float));
        using var scratch = new NativeBuffer(MatMul.ScratchBytes(width));
        new Span<float>(source.Floats, columns * width).Fill(0.25f);
        activations.SetSource(source.Floats, width);
        for (int column = 0; column < columns; column++)
        {
            activations.Prepare(weights.Form, column, width);
        }

        double one = Seconds(() => MatMul.Multiply(weights, activations, 1, output.Floats, rows, 0, weights.PanelCount, scratch.Pointer));
        Console.Write($"{TensorTypes.Name(type),-7} 1 row: {rows * rowBytes / one / 1e9,5:f1} GB/s, {rows * (double)width / one / 1e9,5:f1} Gweights/s");
        foreach (int batch in batches)
        {
            double many = Seconds(() => MatMul.Multiply(weights, activations, batch, output.Floats, rows, 0, weights.PanelCount, scratch.Pointer));
            Console.Write($"; {batch} rows: {2.0 * rows * width * batch / many / 1e9,5:f1} GOP/s");
        }

        Console.WriteLine();
    }

    /// <summary>Best of several batches, each of some 50 ms.</summary>
    private static double Seconds(Action run)
    {
        double best = double.MaxValue;
        int calls = 1;
        for (int measured = 0; measured < 6;)
        {
            TimeSpan start = Environment.CpuUsage.TotalTime;
            for (int call = 0; call < calls; call++)
            {
                run();
            }

            double seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
            if (seconds < 0.04)
            {
                calls *= 2;
                continue;
            }

            best = Math.Min(best, seconds / calls);
            measured++;
        }

        return best;
    }
}
