using System.Diagnostics;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>
/// `engine --hosted --model FILE [--threads N] [--tokens 64] [--streams 1,8] [--repeats 5]`: decode tokens a second of the managed engine
/// inside this process and in a process of its own, taken in turns in one run, and what the second costs.
/// </summary>
internal static class HostedCommand
{
    /// <summary>First argument of the engine's process.</summary>
    public const string ChildVerb = "engine-child";

    public static int Run(string[] args, string model)
    {
        int tokens = CommandLine.Integer(args, "--tokens", 64);
        int repeats = CommandLine.Integer(args, "--repeats", 5);
        int[] streams = CommandLine.Integers(args, "--streams", 1, 8);
        var options = new EngineLoadOptions
        {
            SequenceCount = streams.Max(),
            ContextLength = tokens + 16,
            MaxBatchRows = streams.Max(),
            Threads = CommandLine.Integer(args, "--threads", Environment.ProcessorCount),
        };
        var files = new ModelFiles(model, null);
        var hosting = new HostedEngineFactory(
            Inference.Engines.Hosting.EngineCommand.ThisProgram(ChildVerb), TimeProvider.System, NullLogger<HostedEngineFactory>.Instance);
        using IInferenceEngine inside = new CpuEngineFactory().Load(files, options, null, CancellationToken.None);
        using IInferenceEngine hosted = hosting.Load(files, options, null, CancellationToken.None);
        var batch = new Batch(options.MaxBatchRows);
        foreach (int count in streams)
        {
            var seconds = new double[2][];
            seconds[0] = new double[repeats];
            seconds[1] = new double[repeats];
            long allocated = 0;
            for (int repeat = -1; repeat < repeats; repeat++)
            {
                double first = EngineCommand.Decode(inside, batch, tokens, count, out _);
                double second = EngineCommand.Decode(hosted, batch, tokens, count, out allocated);
                if (repeat >= 0)
                {
                    (seconds[0][repeat], seconds[1][repeat]) = (first, second);
                }
            }

            double[] ratios = [.. seconds[0].Zip(seconds[1], (first, second) => second / first).Order()];
            double rateInside = tokens * count / Median(seconds[0]);
            double rateHosted = tokens * count / Median(seconds[1]);
            Console.WriteLine(
                $"decode {count} stream(s): in process {rateInside:f1} tokens/s, hosted {rateHosted:f1} tokens/s; "
                + $"median of paired costs {(ratios[repeats / 2] - 1) * 100:f1} % (from {(ratios[0] - 1) * 100:f1} to {(ratios[^1] - 1) * 100:f1}), "
                + $"{(Median(seconds[1]) - Median(seconds[0])) / tokens * 1e6:f0} us a step; "
                + $"allocated by the caller in {tokens - 1} steps: {allocated} bytes");
        }

        return 0;
    }

    /// <summary>The engine's process.</summary>
    public static int RunChild(string[] args)
    {
        EngineHost.Run(new CpuEngineFactory(), CommandLine.Option(args, "--socket")!, static () => Process.GetCurrentProcess().Kill());
        return 0;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
