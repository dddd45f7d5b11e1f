using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlavaServer.Training.Evaluation;

/// <summary>
/// Asks a running server every held-out question over its OpenAI-compatible API (temperature 0, pictures as data URLs, whole
/// conversations with the server's own answers in them) and counts exact answers per family.
/// </summary>
public sealed class ServerEvaluation(Uri server, string model, int parallel)
{
    /// <summary>Writes table.md and answers.jsonl into <paramref name="output"/> and prints the table; returns overall accuracy in percent.</summary>
    public async Task<double> RunAsync(string data, string output, int? limit, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromMinutes(5) };
        var right = new SortedDictionary<string, (int Right, int Asked)>(StringComparer.Ordinal);
        Directory.CreateDirectory(output);
        await using var log = new StreamWriter(Path.Combine(output, "answers.jsonl"));
        var gate = new Lock();
        var conversations = HeldOutData.Read(data).Take(limit ?? int.MaxValue);
        await Parallel.ForEachAsync(conversations, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellation }, async (conversation, stop) =>
        {
            var messages = new JsonArray();
            for (var i = 0; i < conversation.Turns.Count; i++)
            {
                var turn = conversation.Turns[i];
                messages.Add(Message("user", turn.Question, i == 0 && conversation.Picture is { } picture ? Path.Combine(data, picture) : null));
                var answer = await AskAsync(client, messages, stop).ConfigureAwait(false);
                messages.Add(Message("assistant", answer, null));
                var exact = string.Equals(answer.Trim(), turn.Answer, StringComparison.Ordinal);
                lock (gate)
                {
                    var (r, asked) = right.GetValueOrDefault(turn.Family);
                    right[turn.Family] = (r + (exact ? 1 : 0), asked + 1);
                    log.WriteLine(JsonSerializer.Serialize(new { conversation.Picture, turn.Family, turn.Question, expected = turn.Answer, answer, exact }));
                }
            }
        }).ConfigureAwait(false);

        var table = Table(right);
        await File.WriteAllTextAsync(Path.Combine(output, "table.md"), table, cancellation).ConfigureAwait(false);
        Console.WriteLine(table);
        return 100.0 * right.Values.Sum(v => v.Right) / Math.Max(1, right.Values.Sum(v => v.Asked));
    }

    private async Task<string> AskAsync(HttpClient client, JsonArray messages, CancellationToken stop)
    {
        var request = new JsonObject { ["model"] = model, ["messages"] = messages.DeepClone(), ["temperature"] = 0, ["max_tokens"] = 160 };
        for (var attempt = 0; ; attempt++)
        {
            using var response = await client.PostAsJsonAsync("v1/chat/completions", request, stop).ConfigureAwait(false);
            if (response.StatusCode == System.Net.HttpStatusCode.TooManyRequests && attempt < 20)
            {
                await Task.Delay(500 * (attempt + 1), stop).ConfigureAwait(false);
                continue;
            }

            var text = await response.Content.ReadAsStringAsync(stop).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"the server answered {(int)response.StatusCode}: {text}");
            }

            return JsonNode.Parse(text)!["choices"]![0]!["message"]!["content"]!.GetValue<string>();
        }
    }

    private static JsonObject Message(string role, string text, string? picture)
    {
        if (picture is null)
        {
            return new JsonObject { ["role"] = role, ["content"] = text };
        }

        var url = "data:image/png;base64," + Convert.ToBase64String(File.ReadAllBytes(picture));
        return new JsonObject
        {
            ["role"] = role,
            ["content"] = new JsonArray(
                new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } },
                new JsonObject { ["type"] = "text", ["text"] = text }),
        };
    }

    private static string Table(SortedDictionary<string, (int Right, int Asked)> right)
    {
        var table = new StringBuilder("| Family | Exact | Asked | Accuracy |\n|---|---|---|---|\n");
        foreach (var (family, (exact, asked)) in right.Append(new KeyValuePair<string, (int Right, int Asked)>("all", (right.Values.Sum(v => v.Right), right.Values.Sum(v => v.Asked)))))
        {
            table.Append(CultureInfo.InvariantCulture, $"| {family} | {exact} | {asked} | {100.0 * exact / Math.Max(1, asked):F1} % |\n");
        }

        return table.ToString();
    }
}
