using System.Diagnostics;
using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Benchmarks.Vision;

/// <summary>
/// `vision --mmproj mmproj.gguf --threads 2 --repeat 5`: time to turn a picture of noise into image rows, the median of several. `--size` is 640x480
/// unless given; `--profile` takes ref or llamacpp-d.
/// </summary>
internal static class VisionCommand
{
    public static int Run(string[] args)
    {
        string? path = Option(args, "--mmproj");
        if (path is null)
        {
            Console.Error.WriteLine("usage: vision --mmproj FILE [--threads N] [--repeat N] [--size WxH] [--profile ref|llamacpp-d]");
            return 2;
        }

        int threads = int.Parse(Option(args, "--threads") ?? Environment.ProcessorCount.ToString());
        int repeat = int.Parse(Option(args, "--repeat") ?? "5");
        VisionProfile profile = Option(args, "--profile") == "llamacpp-d" ? VisionProfile.LlamaCppD : VisionProfile.Reference;

        long start = Stopwatch.GetTimestamp();
        using GgufFile file = GgufFile.Open(path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, profile, threads, OutputWidth(file));
        Console.WriteLine($"load {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms, {encoder.MemoryBytes / 1048576.0:F1} MiB beside the mapped file");

        int[] size = (Option(args, "--size") ?? "640x480").Split('x').Select(int.Parse).ToArray();
        var pixels = new byte[size[0] * size[1] * 3];
        new Random(1).NextBytes(pixels);
        var image = new RgbImage(size[0], size[1], pixels);
        var turns = new ComputeTurns(TimeProvider.System);
        var times = new double[repeat];
        for (int i = -1; i < repeat; i++)
        {
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            start = Stopwatch.GetTimestamp();
            encoder.Encode(image, turns, CancellationToken.None);
            double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Console.WriteLine($"{(i < 0 ? "first" : "encode")} {time:F1} ms, {(Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds:F0} ms of CPU");
            if (i >= 0)
            {
                times[i] = time;
            }
        }

        Array.Sort(times);
        Console.WriteLine($"median {times[repeat / 2]:F1} ms, best {times[0]:F1} ms, {threads} threads, {encoder.Info.RowsPerImage} rows, {profile}");
        return 0;
    }

    private static int OutputWidth(GgufFile file)
    {
        string name = file.TryGetTensor("mm.3.weight", out _) ? "mm.3.weight" : file.TryGetTensor("mm.2.weight", out _) ? "mm.2.weight" : "mm.0.weight";
        return (int)file.GetTensor(name).Shape[1];
    }

    private static string? Option(string[] args, string name)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
    }
}
