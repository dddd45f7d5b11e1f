using System.Diagnostics;
using System.Globalization;
using LlavaServer.Benchmarks.Compare;

namespace LlavaServer.Benchmarks.Load;

/// <summary>
/// <c>streams --server URL [--peer URL]</c>: generated tokens a second, summed over streams that begin together, over HTTP from any server with the
/// OpenAI API. Two servers are asked in turns, so that what the machine does meets both, and the ratio of their medians is printed.
/// </summary>
internal static class StreamsCommand
{
    private const string Usage = "streams --server URL [--peer URL] [--streams 1,8,16] [--prompt 64] [--tokens 128] [--repeat 5]";
    private const int WordsOfProbe = 100;

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--server") is not { } server)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var repeat = CommandLine.Integer(args, "--repeat", 5);
        var tokens = CommandLine.Integer(args, "--tokens", 128);
        var promptTokens = CommandLine.Integer(args, "--prompt", 64);
        var clients = new List<LightClient> { new(new Uri(server)) };
        if (CommandLine.Option(args, "--peer") is { } peer)
        {
            clients.Add(new LightClient(new Uri(peer)));
        }

        var random = new Random(Environment.TickCount);
        var words = new List<int>();
        foreach (var client in clients)
        {
            words.Add(await WordsAsync(client, random, promptTokens));
        }

        Console.WriteLine($"prompts of about {promptTokens} tokens, {tokens} new tokens a stream, medians of {repeat} runs{(clients.Count > 1 ? " in turns" : "")}");
        Console.WriteLine("summed: all new tokens by the time from the first request to the last token; decode: from the first token on");
        Console.WriteLine($"{"streams",-9}{"server",-34}{"summed t/s",12}{"decode t/s",12}{"first token, s",16}{"tokens a stream",17}");
        foreach (var streams in CommandLine.Integers(args, "--streams", 1, 8, 16))
        {
            var runs = clients.ConvertAll(static _ => new List<Run>());
            for (var i = 0; i < repeat; i++)
            {
                for (var c = 0; c < clients.Count; c++)
                {
                    runs[c].Add(await RunAsync(clients[c], random, streams, words[c], tokens));
                }
            }

            for (var c = 0; c < clients.Count; c++)
            {
                var fewest = runs[c].Min(static r => r.Fewest);
                var most = runs[c].Max(static r => r.Most);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{streams,-9}{clients[c].Server,-34}{Median(runs[c], r => r.Summed),12:F1}{Median(runs[c], r => r.Decode),12:F1}{Median(runs[c], r => r.FirstToken),16:F3}{(fewest == most ? $"{most}" : $"{fewest} to {most}"),17}"));
            }

            if (clients.Count == 2)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{streams,-9}{"ratio",-34}{Median(runs[0], r => r.Summed) / Median(runs[1], r => r.Summed),12:F2}{Median(runs[0], r => r.Decode) / Median(runs[1], r => r.Decode),12:F2}{Median(runs[1], r => r.FirstToken) / Median(runs[0], r => r.FirstToken),16:F2}"));
            }
        }

        clients.ForEach(static c => c.Dispose());
        return 0;
    }

    private static double Median(List<Run> runs, Func<Run, double> figure) => Statistics.Median(runs.Select(figure));

    // Words whose prompt has about so many tokens with this server's tokenizer and template; asks once for the length, which also warms it up.
    private static async Task<int> WordsAsync(LightClient client, Random random, int promptTokens)
    {
        var one = (await client.AskAsync(LightClient.Body(null, RandomText.Words(random, 1), null, 1))).PromptTokens;
        var many = (await client.AskAsync(LightClient.Body(null, RandomText.Words(random, WordsOfProbe), null, 1))).PromptTokens;
        var perWord = Math.Max(0.1, (many - one) / (WordsOfProbe - 1.0));
        return Math.Max(1, (int)Math.Round(1 + ((promptTokens - one) / perWord)));
    }

    private static async Task<Run> RunAsync(LightClient client, Random random, int streams, int words, int tokens)
    {
        byte[][] bodies = [.. Enumerable.Range(0, streams).Select(_ => LightClient.Body(null, RandomText.Words(random, words), null, tokens))];
        var start = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(bodies.Select(body => client.AskAsync(body)));
        var wall = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var sum = answers.Sum(static a => a.CompletionTokens);
        var firstOfAll = answers.Min(static a => a.FirstToken).TotalSeconds;
        return new Run(
            sum / wall,
            (sum - streams) / (wall - firstOfAll),
            Statistics.Median(answers.Select(static a => a.FirstToken.TotalSeconds)),
            answers.Min(static a => a.CompletionTokens),
            answers.Max(static a => a.CompletionTokens));
    }

    private readonly record struct Run(double Summed, double Decode, double FirstToken, int Fewest, int Most);
}
