using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>Asks, and shows the answer as it comes. Text goes to standard output, everything else to standard error.</summary>
internal sealed class AnswerPrinter(ChatClient client)
{
    /// <summary>Whether counts and times are shown behind each answer.</summary>
    public bool IsVerbose { get; set; }

    /// <summary>
    /// The whole answer, shown already. Cancelled, the request ends and what came so far stays; throws <see cref="OperationCanceledException"/> only when
    /// nothing came.
    /// </summary>
    public async Task<string> AskAsync(JsonObject request, CancellationToken cancellationToken)
    {
        var status = new StatusLine(Console.Error, !Console.IsErrorRedirected);
        var text = new StringBuilder();
        ChatEvent? last = null;
        try
        {
            await foreach (var chunk in client.AskAsync(request, cancellationToken))
            {
                if (chunk.Progress is { } progress)
                {
                    status.Show(progress);
                }

                if (chunk.Text.Length > 0)
                {
                    status.Remove();
                    text.Append(chunk.Text);
                    Console.Out.Write(TerminalText.Harmless(chunk.Text));
                    Console.Out.Flush();
                }

                last = chunk.Timings is null ? last : chunk;
            }
        }
        catch (OperationCanceledException) when (text.Length > 0)
        {
            // What came is kept.
        }
        finally
        {
            status.Remove();
        }

        Console.Out.WriteLine();
        if (IsVerbose && last is not null)
        {
            Report(last);
        }

        return text.ToString();
    }

    private static void Report(ChatEvent last)
    {
        var timings = last.Timings!.Value;
        Row("load", Milliseconds(timings, "load_ms"));
        Row("first token", Milliseconds(timings, "ttft_ms"));
        if (last.Usage is { } usage)
        {
            Row("prompt tokens", usage.GetProperty("prompt_tokens").ToString());
            Row("answer tokens", usage.GetProperty("completion_tokens").ToString());
        }

        Row("prefill", Rate(timings, "prompt_per_second"));
        Row("decode", Rate(timings, "predicted_per_second"));
    }

    private static void Row(string name, string? value)
    {
        if (value is not null)
        {
            Console.Error.WriteLine($"{name + ':',-16}{value}");
        }
    }

    private static string? Milliseconds(JsonElement timings, string name) =>
        timings.TryGetProperty(name, out var value) ? string.Create(CultureInfo.InvariantCulture, $"{value.GetDouble():0.0} ms") : null;

    private static string? Rate(JsonElement timings, string name) =>
        timings.TryGetProperty(name, out var value) ? string.Create(CultureInfo.InvariantCulture, $"{value.GetDouble():0.0} tokens/s") : null;
}
