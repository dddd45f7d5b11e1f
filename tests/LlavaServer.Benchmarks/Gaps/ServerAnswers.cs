using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LlavaServer.Benchmarks.Compare;

namespace LlavaServer.Benchmarks.Gaps;

/// <summary>Answers of a server with the OpenAI API, as its client sees them.</summary>
internal sealed class ServerAnswers(Uri server) : IAnswers
{
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(10) };

    public async IAsyncEnumerable<long> AskAsync(
        string model, string question, byte[]? picture, int maxTokens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        object content = picture is null
            ? question
            : new object[]
            {
                new { type = "text", text = question },
                new { type = "image_url", image_url = new { url = "data:image/png;base64," + Convert.ToBase64String(picture) } },
            };
        var body = new { model = model == GapsCommand.MainModel ? "" : model, messages = new[] { new { role = "user", content } }, temperature = 0, max_tokens = maxTokens, stream = true };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/v1/chat/completions")) { Content = JsonContent.Create(body) };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{server}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            var arrived = Stopwatch.GetTimestamp();
            if (HasText(line))
            {
                yield return arrived;
            }
        }
    }

    public async Task<int> CountAsync(string model, string question) =>
        (await new ChatProbe(_client, server).AskAsync(question, picture: null, maxTokens: 1)).PromptTokens;

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool HasText(string line)
    {
        if (!line.StartsWith("data: {", StringComparison.Ordinal))
        {
            return false;
        }

        using var chunk = JsonDocument.Parse(line.AsMemory("data: ".Length));
        foreach (var choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
        {
            if (choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String)
            {
                return true;
            }

            if (choice.GetProperty("delta").TryGetProperty("content", out var text) && text.ValueKind == JsonValueKind.String && text.GetString() != "")
            {
                return true;
            }
        }

        return false;
    }
}
