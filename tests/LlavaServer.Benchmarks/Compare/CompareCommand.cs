using System.Diagnostics;
using System.Globalization;

namespace LlavaServer.Benchmarks.Compare;

/// <summary>
/// <c>compare --ours URL --peer URL</c>: asks two running servers the same things over the OpenAI API, alternating, and prints medians and their
/// ratio. Both must serve the same files with the same number of threads, on an otherwise idle machine.
/// </summary>
internal static class CompareCommand
{
    private const string Usage = "compare --ours URL --peer URL [--repeat 5] [--prompt-words 400] [--tokens 64] [--picture SIDE]";

    public static async Task<int> RunAsync(string[] args)
    {
        var settings = Parse(args);
        if (settings is null)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var (ours, peer, repeat, words, tokens, side) = settings.Value;
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(10) };
        var servers = new[] { new ChatProbe(client, ours), new ChatProbe(client, peer) };
        var random = new Random(1);

        // Warm-up: code paths compiled, files in the page cache.
        foreach (var server in servers)
        {
            await server.AskAsync(RandomText.Words(random, 20), picture: null, maxTokens: 8);
        }

        Console.WriteLine($"{"",-34}{"ours",12}{"peer",12}{"ratio",9}   ({repeat} alternating runs, medians)");
        await MeasureAsync("prefill, tokens/s", higherIsBetter: true, servers, repeat,
            async server =>
            {
                var answer = await server.AskAsync(RandomText.Words(random, words), picture: null, maxTokens: 1);
                return answer.PromptTokens / answer.TimeToFirstToken.TotalSeconds;
            });
        await MeasureAsync("decode, tokens/s", higherIsBetter: true, servers, repeat,
            async server =>
            {
                var answer = await server.AskAsync(RandomText.Words(random, 12), picture: null, tokens);
                return (answer.CompletionTokens - 1) / (answer.Total - answer.TimeToFirstToken).TotalSeconds;
            });
        if (side > 0)
        {
            await MeasureAsync("new picture to first token, s", higherIsBetter: false, servers, repeat,
                async server => (await server.AskAsync("What is this?", NoisePicture.Png(random, side), maxTokens: 1)).TimeToFirstToken.TotalSeconds);
        }

        return 0;
    }

    private static async Task MeasureAsync(string name, bool higherIsBetter, ChatProbe[] servers, int repeat, Func<ChatProbe, Task<double>> run)
    {
        var figures = new[] { new double[repeat], new double[repeat] };
        for (var i = 0; i < repeat; i++)
        {
            for (var server = 0; server < servers.Length; server++)
            {
                figures[server][i] = await run(servers[server]);
            }
        }

        var ours = Median(figures[0]);
        var peer = Median(figures[1]);
        var ratio = higherIsBetter ? ours / peer : peer / ours;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-34}{ours,12:F2}{peer,12:F2}{ratio,9:F2}"));
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
    }

    private static (Uri Ours, Uri Peer, int Repeat, int Words, int Tokens, int Side)? Parse(string[] args)
    {
        Uri? ours = null;
        Uri? peer = null;
        var (repeat, words, tokens, side) = (5, 400, 64, 0);
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            var value = args[i + 1];
            switch (args[i])
            {
                case "--ours": ours = new Uri(value); break;
                case "--peer": peer = new Uri(value); break;
                case "--repeat": repeat = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "--prompt-words": words = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "--tokens": tokens = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "--picture": side = int.Parse(value, CultureInfo.InvariantCulture); break;
                default: return null;
            }
        }

        return ours is null || peer is null || args.Length % 2 != 0 ? null : (ours, peer, repeat, words, tokens, side);
    }
}
