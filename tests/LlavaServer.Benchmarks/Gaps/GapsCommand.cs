using System.Diagnostics;
using System.Globalization;
using LlavaServer.Benchmarks.Compare;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Benchmarks.Gaps;

/// <summary>
/// <c>gaps --server URL</c> or <c>gaps --model FILE --mmproj FILE --second FILE</c>: how long a running stream waits for its next token while another
/// client asks about a new picture, sends a long prompt, or makes a second model load. The first form asks a server with the OpenAI API and at least
/// two slots; the second runs models in this process.
/// </summary>
internal static class GapsCommand
{
    private const string Usage = "gaps --server URL | --model FILE [--mmproj FILE] [--second FILE] [--threads N]   "
        + "[--repeat 3] [--picture 336] [--prompt-tokens 2000] [--ctx-size 4096]";

    /// <summary>The model that answers; for a server, its default one.</summary>
    public const string MainModel = "main";

    private const string SecondModel = "second";
    private const int WarmTokens = 10;
    private const int UndisturbedTokens = 60;

    public static async Task<int> RunAsync(string[] args)
    {
        int repeat = CommandLine.Integer(args, "--repeat", 3);
        int context = CommandLine.Integer(args, "--ctx-size", 4096);
        await using IAnswers? answers = Answers(args, context);
        if (answers is null)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var random = new Random(Environment.TickCount);
        string longPrompt = RandomText.Words(random, 100);
        double tokensPerWord = (await answers.CountAsync(MainModel, longPrompt) - 20) / 100.0;
        int words = (int)(CommandLine.Integer(args, "--prompt-tokens", 2000) / tokensPerWord);
        int side = CommandLine.Integer(args, "--picture", 336);
        // What the machine itself does to a stream: gaps below are to be read beside these.
        List<Disturbance> disturbances = [new Disturbance("nothing, 20 s", static () => Task.Delay(TimeSpan.FromSeconds(20)))];
        if (side > 0 && (CommandLine.Option(args, "--server") ?? CommandLine.Option(args, "--mmproj")) is not null)
        {
            disturbances.Add(new Disturbance("new picture", () => FirstTokenAsync(MainModel, "What is this?", NoisePicture.Png(random, side))));
        }

        if (words > 0)
        {
            disturbances.Add(new Disturbance("long prompt", () => FirstTokenAsync(MainModel, RandomText.Words(random, words), null)));
        }

        if (answers is PoolAnswers && CommandLine.Option(args, "--second") is not null)
        {
            disturbances.Add(new Disturbance("model loading", () => FirstTokenAsync(SecondModel, "Hello", null)));
        }

        // Code paths compiled, files in the page cache.
        foreach (Disturbance disturbance in disturbances.Skip(1))
        {
            await disturbance.Run();
        }

        Console.WriteLine($"{"ms between tokens",-18}{"undisturbed",13}{"largest",10} |{"median",9}{"99 %",8}{"largest",9}{"worst",8} | ratio{"99 %",7}{"largest",9}{"worst",7}{"lasted, s",11}{"tokens",8}");
        foreach (Disturbance disturbance in disturbances)
        {
            await MeasureAsync(disturbance);
        }

        return 0;

        async Task FirstTokenAsync(string model, string question, byte[]? picture)
        {
            await foreach (long _ in answers.AskAsync(model, question, picture, maxTokens: 1, CancellationToken.None))
            {
                return;
            }
        }

        // A model of random weights may end an answer any time.
        async Task<GapStream> RunningStreamAsync()
        {
            for (int trial = 0; ; trial++)
            {
                var stream = new GapStream(answers, MainModel, RandomText.Words(random, 12), context - 200);
                await stream.WaitForAsync(WarmTokens + UndisturbedTokens);
                if (!stream.HasEnded)
                {
                    return stream;
                }

                await stream.DisposeAsync();
                if (trial == 100)
                {
                    throw new InvalidOperationException($"The model ends every answer within {WarmTokens + UndisturbedTokens} tokens.");
                }
            }
        }

        async Task MeasureAsync(Disturbance disturbance)
        {
            List<double> calm = [], disturbed = [], largest = [], lasted = [];
            int ended = 0;
            for (int run = 0; run < repeat; run++)
            {
                await using GapStream stream = await RunningStreamAsync();
                int before = stream.Count - 1;
                long start = Stopwatch.GetTimestamp();
                await disturbance.Run();
                lasted.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                ended += stream.HasEnded ? 1 : 0;
                int after = stream.Count;
                await stream.WaitForAsync(after + 1);
                calm.AddRange(stream.Gaps(WarmTokens, before));
                double[] gaps = stream.Gaps(before, after);
                disturbed.AddRange(gaps);
                largest.Add(gaps.DefaultIfEmpty(double.NaN).Max());
            }

            double median = Median(calm), rare = Quantile(disturbed, 0.99);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{disturbance.Name,-18}{median,13:F1}{calm.Max(),10:F1} |{Median(disturbed),9:F1}{rare,8:F1}{Median(largest),9:F1}{largest.Max(),8:F1} |{rare / median,12:F2}{Median(largest) / median,9:F2}{largest.Max() / median,7:F2}{Median(lasted),11:F2}{disturbed.Count / repeat,8}")
                + (ended > 0 ? $"   ({ended} streams ended first)" : ""));
        }
    }

    private static IAnswers? Answers(string[] args, int context)
    {
        if (CommandLine.Option(args, "--server") is { } server)
        {
            return new ServerAnswers(new Uri(server));
        }

        if (CommandLine.Option(args, "--model") is not { } model)
        {
            return null;
        }

        List<(string, ModelFiles)> models = [(MainModel, new ModelFiles(model, CommandLine.Option(args, "--mmproj")))];
        if (CommandLine.Option(args, "--second") is { } second)
        {
            models.Add((SecondModel, new ModelFiles(second, null)));
        }

        return new PoolAnswers(models, CommandLine.Integer(args, "--threads", 0), context);
    }

    private static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    private static double Quantile(IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
    }
}
