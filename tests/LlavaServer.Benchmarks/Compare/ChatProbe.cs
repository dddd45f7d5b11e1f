using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace LlavaServer.Benchmarks.Compare;

/// <summary>Asks one server one question over the streaming OpenAI API and takes the times as a client sees them.</summary>
internal sealed class ChatProbe(HttpClient client, Uri server)
{
    internal readonly record struct Answer(int PromptTokens, int CompletionTokens, TimeSpan TimeToFirstToken, TimeSpan Total);

    public async Task<Answer> AskAsync(string question, byte[]? picture, int maxTokens)
    {
        object content = picture is null
            ? question
            : new object[]
            {
                new { type = "text", text = question },
                new { type = "image_url", image_url = new { url = "data:image/png;base64," + Convert.ToBase64String(picture) } },
            };
        var body = new
        {
            model = "",
            messages = new[] { new { role = "user", content } },
            temperature = 0,
            max_tokens = maxTokens,
            stream = true,
            stream_options = new { include_usage = true },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/v1/chat/completions")) { Content = JsonContent.Create(body) };
        var start = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{server}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (promptTokens, completionTokens) = (0, 0);
        TimeSpan? first = null;
        var last = TimeSpan.Zero;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            using var chunk = JsonDocument.Parse(line.AsMemory("data: ".Length));
            if (chunk.RootElement.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
            {
                promptTokens = usage.GetProperty("prompt_tokens").GetInt32();
                completionTokens = usage.GetProperty("completion_tokens").GetInt32();
            }

            foreach (var choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
            {
                var delta = choice.GetProperty("delta");
                var finished = choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String;
                if (finished || (delta.TryGetProperty("content", out var text) && text.ValueKind == JsonValueKind.String && text.GetString() != ""))
                {
                    last = Stopwatch.GetElapsedTime(start);
                    first ??= last;
                }
            }
        }

        return new Answer(promptTokens, completionTokens, first ?? last, last);
    }
}
