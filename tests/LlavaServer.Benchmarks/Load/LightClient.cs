using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace LlavaServer.Benchmarks.Load;

/// <summary>
/// A client of the streaming OpenAI API that costs next to nothing beside the server that it measures: it looks for the first text and keeps the end of
/// the stream, and parses no JSON.
/// </summary>
internal sealed class LightClient(Uri server) : IDisposable
{
    private const int Kept = 4096;
    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { Timeout = TimeSpan.FromMinutes(30) };

    public Uri Server { get; } = server;

    /// <summary>The body of a request for exactly so many tokens, as far as the server can be told to ignore the end of the answer.</summary>
    public static byte[] Body(string? system, string question, byte[]? picture, int tokens)
    {
        object content = picture is null
            ? question
            : new object[]
            {
                new { type = "image_url", image_url = new { url = "data:image/png;base64," + Convert.ToBase64String(picture) } },
                new { type = "text", text = question },
            };
        object[] messages = system is null
            ? [new { role = "user", content }]
            : [new { role = "system", content = system }, new { role = "user", content }];
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            model = "",
            messages,
            temperature = 0.8,
            seed = 1,
            max_tokens = tokens,
            ignore_eos = true,
            stream = true,
            stream_options = new { include_usage = true },
        });
    }

    public async Task<LightAnswer> AskAsync(byte[] body, CancellationToken cancellationToken = default)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Server, "/v1/chat/completions")) { Content = content };
        var start = Stopwatch.GetTimestamp();
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{Server}: {await response.Content.ReadAsStringAsync(cancellationToken)}", null, response.StatusCode);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[4 * Kept];
        var (length, read) = (0, 0);
        TimeSpan? first = null;
        while ((read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
        {
            length += read;
            if (first is null && HasText(buffer.AsSpan(0, length)))
            {
                first = Stopwatch.GetElapsedTime(start);
            }

            if (length > buffer.Length / 2)
            {
                buffer.AsSpan(length - Kept, Kept).CopyTo(buffer);
                length = Kept;
            }
        }

        var end = Stopwatch.GetElapsedTime(start);
        var tail = buffer.AsSpan(0, length);
        return new LightAnswer
        {
            FirstToken = first ?? end,
            End = end,
            PromptTokens = Number(tail, "\"prompt_tokens\":"u8),
            CompletionTokens = Number(tail, "\"completion_tokens\":"u8),
            CachedTokens = Number(tail, "\"cached_tokens\":"u8),
        };
    }

    public Task<string> GetAsync(string path) => _client.GetStringAsync(new Uri(Server, path));

    public void Dispose() => _client.Dispose();

    private static bool HasText(ReadOnlySpan<byte> text)
    {
        var key = "\"content\":\""u8;
        for (var at = text.IndexOf(key); at >= 0 && at + key.Length < text.Length; at = text.IndexOf(key))
        {
            text = text[(at + key.Length)..];
            if (text[0] != (byte)'"')
            {
                return true;
            }
        }

        return false;
    }

    private static int Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        var at = text.LastIndexOf(key);
        return at >= 0 && Utf8Parser.TryParse(text[(at + key.Length)..].TrimStart((byte)' '), out int value, out _) ? value : -1;
    }
}
