using System.CommandLine;
using System.Text.Json;

namespace LlavaServer.Cli.Client;

/// <summary><c>llava ps</c>: the models in a server's memory.</summary>
internal static class PsVerb
{
    public static Command Create() => ClientVerb.Create("ps", "List the models in memory.", [ClientVerb.Json], async (client, parsed, cancellationToken) =>
    {
        var answer = await client.GetAsync("api/ps", cancellationToken);
        if (parsed.GetValue(ClientVerb.Json))
        {
            Console.Out.WriteLine(answer.GetProperty("models").GetRawText());
            return ExitCodes.Done;
        }

        var rows = new List<IReadOnlyList<string>> { new[] { "NAME", "SIZE", "PLACE", "SLOTS", "CONTEXT", "WAITING", "UNTIL" } };
        foreach (var model in answer.GetProperty("models").EnumerateArray())
        {
            rows.Add(await RowAsync(client, model, cancellationToken));
        }

        TerminalText.WriteColumns(Console.Out, rows);
        return ExitCodes.Done;
    });

    private static async Task<IReadOnlyList<string>> RowAsync(ServerClient client, JsonElement model, CancellationToken cancellationToken)
    {
        var name = model.GetProperty("name").GetString()!;
        var (size, video) = (model.GetProperty("size").GetInt64(), model.GetProperty("size_vram").GetInt64());
        return
        [
            name,
            TerminalText.Bytes(size),
            video == 0 ? "CPU" : video >= size ? "GPU" : $"{100 * video / Math.Max(1, size)} % GPU",
            await SlotsAsync(client, name, cancellationToken),
            model.GetProperty("context_length").ToString(),
            model.TryGetProperty("queue", out var queue) && queue.TryGetProperty("waiting", out var waiting) ? waiting.ToString() : "0",
            model.GetProperty("expires_at").GetDateTimeOffset() is { Year: < 2200 } until ? TerminalText.Age(until, TimeProvider.System.GetUtcNow()) : "forever",
        ];
    }

    // Where the server shows its slots: those that are busy, of all.
    private static async Task<string> SlotsAsync(ServerClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            var slots = (await client.GetAsync($"slots?model={Uri.EscapeDataString(name)}", cancellationToken)).EnumerateArray().ToList();
            return $"{slots.Count(static slot => slot.GetProperty("is_processing").GetBoolean())}/{slots.Count}";
        }
        catch (VerbException)
        {
            return "-";
        }
    }
}
