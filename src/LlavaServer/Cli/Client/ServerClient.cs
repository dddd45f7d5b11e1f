using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Endpoints.Ollama.Store;

namespace LlavaServer.Cli.Client;

/// <summary>A server as verbs see it: its Ollama API. Failures become <see cref="VerbException"/>. Owned by one verb.</summary>
internal sealed class ServerClient : IDisposable
{
    private const int MaxErrorLength = 4096;
    private readonly HttpClient _http;

    public ServerClient(Uri address, string? key)
    {
        _http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(key))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, cancellationToken);
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    /// <summary>Version of a LlavaServer; empty for another server.</summary>
    public async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/version");
        using var response = await SendAsync(request, cancellationToken);
        return response.Headers.TryGetValues(OllamaHeaders.Version, out var values) ? values.First() : "";
    }

    /// <summary>The answer's JSON; undefined where it has no body.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var response = await SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return text.Length > 0 ? JsonElement.Parse(text) : default;
    }

    /// <summary>Removes a model; how many bytes that freed.</summary>
    public async Task<long> DeleteAsync(string model, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, "api/delete") { Content = JsonContent.Create(new { model }) };
        using var response = await SendAsync(request, cancellationToken);
        return response.Headers.TryGetValues(OllamaDeleteEndpoint.FreedHeader, out var values) && long.TryParse(values.First(), out var bytes) ? bytes : 0;
    }

    /// <summary>The lines of a streamed answer; one with an error ends it as a failure.</summary>
    public async IAsyncEnumerable<JsonElement> LinesAsync(
        string path, object body, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var text in TextLinesAsync(path, body, cancellationToken))
        {
            var line = JsonElement.Parse(text);
            yield return ErrorOf(line) is { } error ? throw new VerbException(ExitCodes.Failed, error) : line;
        }
    }

    /// <summary>The lines of a streamed answer as they are, without empty ones.</summary>
    public async IAsyncEnumerable<string> TextLinesAsync(
        string path, object body, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        using var response = await SendAsync(request, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } text)
        {
            if (text.Length > 0)
            {
                yield return text;
            }
        }
    }

    /// <summary>Whether the server has what a route names.</summary>
    public async Task<bool> HasAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        try
        {
            using var response = await SendAsync(request, cancellationToken);
            return true;
        }
        catch (VerbException failure) when (failure.ExitCode == ExitCodes.ModelNotFound)
        {
            return false;
        }
    }

    /// <summary>Sends bytes to the end of a stream.</summary>
    public async Task UploadAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(content) };
        using var response = await SendAsync(request, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            throw new VerbException(ExitCodes.NotReachable, $"No server answers at {_http.BaseAddress} ({failure.HttpRequestError}). Start one with: llava serve");
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new VerbException(ExitCodes.Of((int)response.StatusCode), ErrorOf(text) ?? $"The server answers {(int)response.StatusCode}.");
        }
    }

    private static string? ErrorOf(string text)
    {
        try
        {
            return ErrorOf(JsonElement.Parse(text));
        }
        catch (JsonException)
        {
            return text.Length is > 0 and < MaxErrorLength ? text : null;
        }
    }

    private static string? ErrorOf(JsonElement answer) =>
        answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("error", out var error) ? null
        : error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) ? message.ToString()
        : error.ToString();
}
