using System.Diagnostics;
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
        JsonElement? timings = null;
        TimeSpan? first = null;
        var began = Stopwatch.GetTimestamp();
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
                    first ??= Stopwatch.GetElapsedTime(began);
                    status.Remove();
                    text.Append(chunk.Text);
                    Console.Out.Write(TerminalText.Harmless(chunk.Text));
                    Console.Out.Flush();
                }

                timings = chunk.Timings ?? timings;
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
        if (IsVerbose && timings is { } measured)
        {
            Report(measured, first, Stopwatch.GetElapsedTime(began));
        }

        return text.ToString();
    }

    private static void Report(JsonElement timings, TimeSpan? first, TimeSpan total)
    {
        Row("waiting in line", Milliseconds(timings, "queue_ms"));
        Row("first text", $"{first?.TotalMilliseconds ?? 0:0.0} ms");
        if (timings.GetProperty("image_n").GetInt32() is > 0 and var pictures)
        {
            Row("looking", $"{Milliseconds(timings, "image_encode_ms")} for {pictures} image{(pictures == 1 ? "" : "s")}");
        }

        Row("prompt", $"{timings.GetProperty("prompt_n")} tokens, {timings.GetProperty("cache_n")} more were known");
        Row("prefill", Rate(timings, "prompt_per_second"));
        Row("answer", $"{timings.GetProperty("predicted_n")} tokens");
        Row("decode", Rate(timings, "predicted_per_second"));
        Row("total", $"{total.TotalMilliseconds:0.0} ms");
    }

    private static void Row(string name, FormattableString value) => Row(name, FormattableString.Invariant(value));

    private static void Row(string name, string value) => Console.Error.WriteLine($"{name + ':',-18}{value}");

    private static string Milliseconds(JsonElement timings, string name) => FormattableString.Invariant($"{timings.GetProperty(name).GetDouble():0.0} ms");

    private static string Rate(JsonElement timings, string name) => FormattableString.Invariant($"{timings.GetProperty(name).GetDouble():0.0} tokens/s");
}
