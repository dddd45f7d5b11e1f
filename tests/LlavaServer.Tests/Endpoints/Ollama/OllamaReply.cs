using System.Net;
using System.Text.Json;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>An answer of the server, read whole.</summary>
internal sealed record OllamaReply(HttpStatusCode Status, string? ContentType, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public IReadOnlyList<JsonElement> Lines => [.. Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The one member of an error object.</summary>
    public string Error()
    {
        var member = Assert.Single(Json.EnumerateObject());
        Assert.Equal("error", member.Name);
        return member.Value.GetString()!;
    }

    public static async Task<OllamaReply> FromAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(
            static header => header.Key, static header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new OllamaReply(response.StatusCode, response.Content.Headers.ContentType?.ToString(), body, headers);
    }
}
