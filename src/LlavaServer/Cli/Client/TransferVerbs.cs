using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace LlavaServer.Cli.Client;

/// <summary>
/// <c>llava pull</c> and <c>push</c>: models from registries and to them. On a terminal a bar for each file, elsewhere a line for each tenth.
/// </summary>
internal static class TransferVerbs
{
    public static Command Pull() => Create("pull", "Pull a model from its registry. A pull that ended early goes on where it was.");

    public static Command Push() => Create("push", "Push a model of the store to its registry.");

    private static Command Create(string verb, string description)
    {
        var model = new Argument<string>("model") { Description = "Name of a model, with the host of its registry unless it is Ollama's." };
        var insecure = new Option<bool>("--insecure") { Description = "Plain HTTP." };
        return ClientVerb.Create(verb, description, [model, insecure], async (client, parsed, cancellationToken) =>
        {
            var lines = client.LinesAsync("api/" + verb, new { model = parsed.GetValue(model), insecure = parsed.GetValue(insecure) }, cancellationToken);
            await FollowAsync(lines);
            return ExitCodes.Done;
        });
    }

    /// <summary>Shows the progress of a transfer until it ends: bars on a terminal, else lines.</summary>
    internal static Task FollowAsync(IAsyncEnumerable<JsonElement> lines) => Console.IsErrorRedirected ? TellAsync(lines) : DrawAsync(lines);

    private static async Task TellAsync(IAsyncEnumerable<JsonElement> lines)
    {
        var last = "";
        await foreach (var line in lines)
        {
            var progress = FileProgress.Of(line);
            var text = progress.Total > 0 ? $"{progress.Status} {progress.Tenths * 10} % of {TerminalText.Bytes(progress.Total)}" : progress.Status;
            if (text != last)
            {
                await Console.Error.WriteLineAsync(TerminalText.Harmless(text));
                last = text;
            }
        }
    }

    private static async Task DrawAsync(IAsyncEnumerable<JsonElement> lines)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var files = new Dictionary<string, ProgressTask>(StringComparer.Ordinal);
                await foreach (var line in lines)
                {
                    var progress = FileProgress.Of(line);
                    if (progress.Total <= 0)
                    {
                        continue;
                    }

                    if (!files.TryGetValue(progress.Status, out var task))
                    {
                        task = context.AddTask(Markup.Escape(TerminalText.Harmless(progress.Status)), maxValue: progress.Total);
                        files.Add(progress.Status, task);
                    }

                    task.Value = progress.Completed;
                }
            });
        console.WriteLine("success");
    }

    private readonly record struct FileProgress(string Status, long Total, long Completed)
    {
        public long Tenths => Completed * 10 / Math.Max(1, Total);

        public static FileProgress Of(JsonElement line) => new(
            line.TryGetProperty("status", out var status) ? status.GetString() ?? "" : "",
            line.TryGetProperty("total", out var total) ? total.GetInt64() : 0,
            line.TryGetProperty("completed", out var completed) ? completed.GetInt64() : 0);
    }
}
