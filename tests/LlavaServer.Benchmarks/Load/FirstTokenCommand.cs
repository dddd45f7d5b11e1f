using System.Globalization;
using LlavaServer.Benchmarks.Compare;

namespace LlavaServer.Benchmarks.Load;

/// <summary>
/// <c>first-token --server URL</c>: time to the first token of a question about a new picture, and of questions about the same picture thereafter, each
/// from another client on a connection of its own.
/// </summary>
internal static class FirstTokenCommand
{
    private const string Usage = "first-token --server URL [--picture 336] [--system-words 60] [--repeat 5]";

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--server") is not { } server)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var repeat = CommandLine.Integer(args, "--repeat", 5);
        var side = CommandLine.Integer(args, "--picture", 336);
        var words = CommandLine.Integer(args, "--system-words", 60);
        var random = new Random(Environment.TickCount);
        await AskAsync(server, RandomText.Words(random, words), "What is this?", NoisePicture.Png(random, side));
        (string Name, List<LightAnswer> Answers)[] kinds =
        [
            ("new picture", []), ("same picture, same prefix", []), ("same picture, another system prompt", []), ("the very same request", []), ("text alone, new system prompt", []),
        ];
        for (var i = 0; i < repeat; i++)
        {
            var picture = NoisePicture.Png(random, side);
            var (one, two) = (RandomText.Words(random, words), RandomText.Words(random, words));
            kinds[0].Answers.Add(await AskAsync(server, one, "What is this?", picture));
            kinds[1].Answers.Add(await AskAsync(server, one, "Which colours are there?", picture));
            kinds[2].Answers.Add(await AskAsync(server, two, "What is this?", picture));
            kinds[3].Answers.Add(await AskAsync(server, one, "What is this?", picture));
            kinds[4].Answers.Add(await AskAsync(server, RandomText.Words(random, words), "What is this?", null));
        }

        Console.WriteLine($"{"first token, medians of " + repeat,-40}{"s",9}{"of new",9}{"prompt",9}{"cached",9}");
        var cold = Median(kinds[0].Answers, static a => a.FirstToken.TotalSeconds);
        foreach (var (name, answers) in kinds)
        {
            var first = Median(answers, static a => a.FirstToken.TotalSeconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-40}{first,9:F3}{first / cold,9:P1}{Median(answers, static a => a.PromptTokens),9:F0}{Median(answers, static a => a.CachedTokens),9:F0}"));
        }

        return 0;
    }

    private static double Median(List<LightAnswer> answers, Func<LightAnswer, double> figure) => Statistics.Median(answers.Select(figure));

    private static async Task<LightAnswer> AskAsync(string server, string system, string question, byte[]? picture)
    {
        using var client = new LightClient(new Uri(server));
        return await client.AskAsync(LightClient.Body(system, question, picture, tokens: 2));
    }
}
