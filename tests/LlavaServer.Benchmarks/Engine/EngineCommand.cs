using System.Diagnostics;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>
/// `engine --model FILE --threads N [--prompt 512] [--tokens 64] [--streams 1,4,8] [--repeats 3]`: prefill and decode tokens a second of the managed
/// engine, medians, and bytes allocated in a decode step. Compare with `llama-bench -m FILE -t N -p 512 -n 64`. With `--cpu-time` rates are per second of
/// processor time, which is the only figure that means something on a busy machine (with one thread). With `--hosted` see <see cref="HostedCommand"/>.
/// </summary>
internal static class EngineCommand
{
    public static int Run(string[] args)
    {
        string? model = CommandLine.Option(args, "--model");
        if (model is null)
        {
            Console.Error.WriteLine("usage: engine --model FILE [--threads N] [--prompt N] [--tokens N] [--streams 1,4,8] [--repeats N]");
            return 2;
        }

        if (args.Contains("--hosted"))
        {
            return HostedCommand.Run(args, model);
        }

        MeasuresProcessorTime = args.Contains("--cpu-time");
        int prompt = CommandLine.Integer(args, "--prompt", 512);
        int tokens = CommandLine.Integer(args, "--tokens", 64);
        int repeats = CommandLine.Integer(args, "--repeats", 3);
        int[] streams = CommandLine.Integers(args, "--streams", 1);
        var options = new EngineLoadOptions
        {
            SequenceCount = streams.Max(),
            ContextLength = prompt + tokens + 16,
            MaxBatchRows = Math.Max(streams.Max(), Math.Min(512, prompt)),
            Threads = CommandLine.Integer(args, "--threads", Environment.ProcessorCount),
        };
        long start = Stopwatch.GetTimestamp();
        using IInferenceEngine engine = new CpuEngineFactory().Load(new ModelFiles(model, null), options, null, CancellationToken.None);
        Console.WriteLine($"load: {Stopwatch.GetElapsedTime(start).TotalSeconds:f2} s, memory {engine.Info.MemoryBytes / 1e6:f0} MB");
        var batch = new Batch(engine.Info.MaxBatchRows);
        if (prompt > 0)
        {
            Report("prefill", prompt, repeats, () => Prefill(engine, batch, prompt));
        }

        foreach (int count in streams)
        {
            long allocated = 0;
            Report($"decode {count} stream(s)", tokens * count, repeats, () => Decode(engine, batch, tokens, count, out allocated));
            Console.WriteLine($"  allocated in {tokens - 1} steps: {allocated} bytes");
        }

        return 0;
    }

    private static bool MeasuresProcessorTime { get; set; }

    private static double Seconds => MeasuresProcessorTime
        ? Environment.CpuUsage.TotalTime.TotalSeconds
        : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private static void Report(string what, int tokens, int repeats, Func<double> measure)
    {
        measure();
        double[] rates = [.. Enumerable.Range(0, repeats).Select(_ => tokens / measure()).Order()];
        Console.WriteLine($"{what}: {rates[repeats / 2]:f1} tokens/s (from {rates[0]:f1} to {rates[^1]:f1})");
    }

    private static double Prefill(IInferenceEngine engine, Batch batch, int prompt)
    {
        engine.RemoveSequence(new SequenceId(0), 0);
        double start = Seconds;
        for (int position = 0; position < prompt;)
        {
            batch.Clear();
            while (batch.Count < batch.Capacity && position < prompt)
            {
                batch.AddToken(new SequenceId(0), position, Token(position, engine), position == prompt - 1);
                position++;
            }

            engine.Decode(batch);
        }

        return Seconds - start;
    }

    /// <summary>Decodes from an empty context; the first step is neither timed nor counted.</summary>
    internal static double Decode(IInferenceEngine engine, Batch batch, int tokens, int streams, out long allocated)
    {
        for (int stream = 0; stream < streams; stream++)
        {
            engine.RemoveSequence(new SequenceId(stream), 0);
        }

        long before = 0;
        double start = 0;
        for (int position = 0; position < tokens; position++)
        {
            if (position == 1)
            {
                before = GC.GetTotalAllocatedBytes(precise: true);
                start = Seconds;
            }

            batch.Clear();
            for (int stream = 0; stream < streams; stream++)
            {
                batch.AddToken(new SequenceId(stream), position, Token(position + stream, engine), true);
            }

            engine.Decode(batch);
        }

        double seconds = (Seconds - start) * tokens / (tokens - 1);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        return seconds;
    }

    private static int Token(int position, IInferenceEngine engine) => 1 + ((position * 7919) % (engine.Info.VocabularySize - 1));
}
