using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Health;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>The dialect's table of failures, row by row: status, every member of the envelope, and the headers that clients act on.</summary>
public sealed class StatusTableTests
{
    private const string Keys = "team:0123456789abcdef0123456789abcdef";
    private const string Invalid = "invalid_request_error";
    private const string UrlPath = "messages[0].content[0].image_url.url";

    private static readonly Dictionary<string, Row> s_rows = new()
    {
        ["invalid_json: not JSON"] = Post("{", 400, Invalid, "invalid_json"),
        ["invalid_json: not an object"] = Post("[]", 400, Invalid, "invalid_json"),
        ["missing_required_parameter"] = Post("""{"model":"eye"}""", 400, Invalid, "missing_required_parameter", "messages"),
        ["missing_required_parameter: input"] = Post("""{"model":"eye"}""", 400, Invalid, "missing_required_parameter", "input") with { Path = "/v1/embeddings" },
        ["missing_required_parameter: prompt"] = Post("""{"model":"eye"}""", 400, Invalid, "missing_required_parameter", "prompt") with { Path = "/v1/completions" },
        ["invalid_type"] = Chat("\"temperature\":\"1\"", "invalid_type", "temperature"),
        ["invalid_value: range"] = Chat("\"temperature\":3", "invalid_value", "temperature"),
        ["invalid_value: member"] = Chat("\"response_format\":{\"type\":\"xml\"}", "invalid_value", "response_format.type"),
        ["unsupported_parameter"] = Chat("\"web_search_options\":{}", "unsupported_parameter", "web_search_options"),
        ["context_length_exceeded"] = Post(OpenAIServer.Question(text: new string('a', 2000)), 400, Invalid, "context_length_exceeded") with { Members = ["n_prompt_tokens", "n_ctx"] },
        ["invalid_base64_image"] = Picture("data:image/png;base64,%%%", "invalid_base64_image"),
        ["empty_image_file"] = Picture("data:image/png;base64,", "empty_image_file"),
        ["invalid_image_url"] = Picture("https://example.org/a.png", "invalid_image_url"),
        ["image_parse_error"] = Picture(DataUrl(TestPictures.Encode(9, 9)[..40]), "image_parse_error"),
        ["invalid_image_format"] = Picture(DataUrl(Encoding.ASCII.GetBytes(new string('x', 64))), "invalid_image_format"),
        ["unsupported_image_media_type"] = Picture(DataUrl(Encoding.ASCII.GetBytes("%PDF-1.7 and more of it behind")), "unsupported_image_media_type"),
        ["image_too_large"] = Picture(DataUrl(TestPictures.Encode(40, 4)), "image_too_large") with { Settings = new() { ["Llava:Limits:ImageSide"] = "32" } },
        ["image_file_too_large"] = Picture(DataUrl(new byte[3000]), "image_file_too_large") with { Settings = new() { ["Llava:Limits:ImageBytes"] = "2048" } },
        ["too_many_images"] = Picture(TestPictures.DataUrl(), "too_many_images", 2) with { Settings = new() { ["Llava:Limits:Images"] = "1" } },
        ["image_input_not_supported"] = Post(OpenAIServer.Parts(Part(TestPictures.DataUrl()), "blind"), 400, Invalid, "image_input_not_supported", UrlPath),
        ["invalid_json_schema"] = Chat("\"json_schema\":{\"type\":\"nothing\"}", "invalid_json_schema", "json_schema"),
        ["invalid_grammar"] = Chat("\"grammar\":\"root ::= (\"", "invalid_grammar", "grammar"),
        ["embeddings_not_supported"] = Post("""{"model":"eye","input":"x"}""", 400, Invalid, "embeddings_not_supported", "model") with
        {
            Path = "/v1/embeddings",
            Settings = new() { ["Llava:Models:Pooling"] = "off" },
        },
        ["invalid_api_key: missing"] = Post("{}", 401, "authentication_error", "invalid_api_key") with
        {
            Settings = new() { ["Llava:Security:ApiKeys"] = Keys },
            Headers = new() { ["WWW-Authenticate"] = "Bearer" },
        },
        ["origin_not_allowed"] = Post("{}", 403, "permission_error", "origin_not_allowed") with { Sent = new() { ["Origin"] = "https://example.org" } },
        ["endpoint_disabled: props"] = Post("{}", 403, "permission_error", "endpoint_disabled") with { Path = "/props" },
        ["endpoint_disabled: metrics"] = Get("/metrics", 403, "permission_error", "endpoint_disabled") with { Settings = new() { ["Llava:Metrics:Enabled"] = "false" } },
        ["model_not_found: chat"] = Post(OpenAIServer.Question(model: "none"), 404, Invalid, "model_not_found", "model"),
        ["model_not_found: models"] = Get("/v1/models/none", 404, Invalid, "model_not_found", "model"),
        ["not_found"] = Get("/v1/nowhere", 404, Invalid, "not_found"),
        ["method_not_allowed: POST"] = Get("/v1/chat/completions", 405, Invalid, "method_not_allowed") with { Headers = new() { ["Allow"] = "POST" } },
        ["method_not_allowed: GET"] = Post("{}", 405, Invalid, "method_not_allowed") with { Path = "/v1/models", Headers = new() { ["Allow"] = "GET, HEAD" } },
        ["request_too_large"] = Post(OpenAIServer.Question(text: new string(' ', 2048)), 413, Invalid, "request_too_large") with
        {
            Settings = new() { ["Llava:Limits:MaxRequestBodyBytes"] = "1024" },
            Headers = new() { ["Connection"] = "close" },
        },
        ["unsupported_media_type"] = Post("<a/>", 415, Invalid, "unsupported_media_type") with { ContentType = "application/xml" },
        ["queue_full"] = Post(OpenAIServer.Question(), 429, "rate_limit_error", "queue_full") with
        {
            Settings = new() { ["Llava:Engine:Slots"] = "1", ["Llava:Queue:MaxQueue"] = "0" },
            OnDecode = static gate => gate.Wait(TimeSpan.FromSeconds(60)),
            Before = OccupyAsync,
        },
        ["too_many_wrong_keys"] = Post("{}", 429, "rate_limit_error", "too_many_wrong_keys") with
        {
            Settings = new() { ["Llava:Security:ApiKeys"] = Keys },
            Sent = new() { ["Authorization"] = "Bearer wrong" },
            Before = GuessAsync,
        },
        ["generation_failed"] = Post(OpenAIServer.Question(), 500, "server_error", "generation_failed") with
        {
            OnDecode = static _ => throw new InvalidOperationException("a secret"),
        },
        ["generation_failed: the model's file is damaged"] = Post(OpenAIServer.Question(), 500, "server_error", "generation_failed") with
        {
            OnLoad = static _ => throw new InferenceException(InferenceError.ModelLoadFailed, "tensor 'x' is missing"),
            Headers = new() { ["x-should-retry"] = "false" },
        },
        ["internal_error"] = Get("/v1/models", 500, "server_error", "internal_error") with
        {
            Replace = static services => services.Replace(ServiceDescriptor.Singleton<ModelsEndpoint>(static _ => throw new InvalidOperationException("a secret"))),
            Headers = new() { ["x-should-retry"] = "false" },
        },
        ["model_loading"] = Post(OpenAIServer.Question(), 503, "server_error", "model_loading") with
        {
            Settings = new() { ["Llava:Pool:LoadWait"] = "50ms" },
            OnLoad = static token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)),
        },
        ["model_loading: completions"] = Post("""{"model":"eye","prompt":"x"}""", 503, "server_error", "model_loading") with
        {
            Path = "/v1/completions",
            Settings = new() { ["Llava:Pool:LoadWait"] = "0" },
            OnLoad = static token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)),
        },
        ["model_loading: embeddings"] = Post("""{"model":"eye","input":["x","y"]}""", 503, "server_error", "model_loading") with
        {
            Path = "/v1/embeddings",
            Settings = new() { ["Llava:Pool:LoadWait"] = "0" },
            OnLoad = static token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)),
        },
        ["model_loading: responses"] = Post("""{"model":"eye","input":"x"}""", 503, "server_error", "model_loading") with
        {
            Path = "/v1/responses",
            Settings = new() { ["Llava:Pool:LoadWait"] = "0" },
            OnLoad = static token => token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)),
        },
        ["model_loading: health"] = Get("/health", 503, "unavailable_error", "model_loading"),
        ["shutting_down"] = Post(OpenAIServer.Question(), 503, "server_error", "shutting_down") with { Before = DrainAsync },
        ["out_of_memory: now"] = Post(OpenAIServer.Question(), 503, "server_error", "out_of_memory") with { OnLoad = static _ => throw new InsufficientMemoryException("a secret") },
        ["out_of_memory: ever"] = Post(OpenAIServer.Question(), 503, "server_error", "out_of_memory") with
        {
            Settings = new() { ["Llava:Pool:MemoryBudget"] = "1" },
            Headers = new() { ["x-should-retry"] = "false" },
        },
        ["out_of_memory: the engine"] = Post(OpenAIServer.Question(), 503, "server_error", "out_of_memory") with
        {
            OnDecode = static _ => throw new InsufficientMemoryException("a secret"),
        },
        ["out_of_memory: the request"] = Get("/v1/models", 503, "server_error", "out_of_memory") with
        {
            Replace = static services => services.Replace(ServiceDescriptor.Singleton<ModelsEndpoint>(static _ => throw new InsufficientMemoryException("a secret"))),
        },
        ["engine_unavailable"] = Post(OpenAIServer.Question(), 503, "server_error", "engine_unavailable") with
        {
            Settings = new() { ["Llava:Pool:MaxDeaths"] = "2" },
            OnDecode = static _ => throw new InferenceException(InferenceError.EngineFailed, "gone") { EngineDied = true },
            Before = DieAsync,
        },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names() => [.. s_rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task S2_2_Row_EnvelopeStatusAndHeaders(string name)
    {
        var row = s_rows[name];
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnDecode = _ => row.OnDecode(gate), OnLoad = row.OnLoad };
        await using var server = await ScriptedServer.StartAsync(script, row.Settings, row.Replace);
        var before = row.Before(server);
        await before.Item1;
        using (var response = await server.Client.SendAsync(row.Request(), Token))
        {
            await CheckAsync(row, response);
        }

        gate.Set();
        await before.Item2;
    }

    [Theory]
    [InlineData("chunked in pieces that are none", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400)]
    [InlineData("header line without a name", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n", 400)]
    [InlineData("unknown route", "GET /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("wrong verb", "PATCH /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 405)]
    [InlineData("length over the limit", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n", 413)]
    [InlineData("body of another type", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 415)]
    public async Task S2_1_WhatTheFrameworkRefuses_IsAnsweredInTheEnvelopeOrClosed(string what, string request, int status)
    {
        await using var server = await ScriptedServer.StartAsync();
        var received = await Edge.RawHttp.ExchangeAsync(server.Address, request, 5);
        Assert.Equal((what, status), (what, Assert.Single(Edge.RawHttp.Statuses(received))));
        var body = received[(received.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];

        // A request that is not HTTP never becomes one: the connection ends with the status alone.
        Assert.True(body.Length == 0 ? status == 400 : body.StartsWith("{\"error\":{\"message\":\"", StringComparison.Ordinal), received);
    }

    private static async Task CheckAsync(Row row, HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True((int)response.StatusCode == row.Status, $"{(int)response.StatusCode} {body}");
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        using var document = JsonDocument.Parse(body);
        var error = document.RootElement.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code", .. row.Members], error.EnumerateObject().Select(static member => member.Name));
        Assert.Equal((row.Type, row.Code, row.Parameter), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(error.GetProperty("message").GetString()));
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", body, StringComparison.Ordinal);
        Assert.Matches("^req_[0-9a-f]{32}$", Single(response, "x-request-id"));
        Assert.StartsWith("LlavaServer/", Single(response, "Server"), StringComparison.Ordinal);
        Assert.InRange(long.Parse(Single(response, "openai-processing-ms")), 0, 120_000);
        if (row.Status is 429 or 503)
        {
            Assert.InRange(int.Parse(Single(response, "Retry-After")), 1, 60);
        }
        else
        {
            Assert.False(response.Headers.Contains("Retry-After"));
        }

        foreach (var header in (string[])["WWW-Authenticate", "Allow", "x-should-retry", .. row.Status == 413 ? ["Connection"] : (string[])[]])
        {
            var value = response.Headers.TryGetValues(header, out var values) || response.Content.Headers.TryGetValues(header, out values) ? string.Join(", ", values) : null;
            Assert.Equal((header, row.Headers.GetValueOrDefault(header)), (header, value));
        }
    }

    private static string Single(HttpResponseMessage response, string header) => Assert.Single(response.Headers.GetValues(header));

    private static (Task, Task) OccupyAsync(ScriptedServer server)
    {
        var running = OpenAIServer.PostAsync(server, OpenAIServer.Question());
        return (UntilSteppedAsync(server), running);
    }

    private static async Task UntilSteppedAsync(ScriptedServer server)
    {
        while (server.Script.Steps == 0)
        {
            await Task.Delay(5, Token);
        }
    }

    private static (Task, Task) GuessAsync(ScriptedServer server) => (GuessTwentyTimesAsync(server), Task.CompletedTask);

    private static async Task GuessTwentyTimesAsync(ScriptedServer server)
    {
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            request.Headers.Add("x-api-key", $"wrong{i}");
            using var response = await server.Client.SendAsync(request, Token);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    private static (Task, Task) DieAsync(ScriptedServer server) => (OpenAIServer.PostAsync(server, OpenAIServer.Question()), Task.CompletedTask);

    private static (Task, Task) DrainAsync(ScriptedServer server) =>
        (server.Services.GetServices<IHostedService>().OfType<DrainService>().Single().StoppingAsync(CancellationToken.None), Task.CompletedTask);

    private static Row Post(string body, int status, string type, string code, string? parameter = null) => new()
    {
        Method = HttpMethod.Post,
        Path = "/v1/chat/completions",
        Body = body,
        Status = status,
        Type = type,
        Code = code,
        Parameter = parameter,
    };

    private static Row Get(string path, int status, string type, string code, string? parameter = null) => Post("", status, type, code, parameter) with { Method = HttpMethod.Get, Path = path };

    private static Row Chat(string fields, string code, string parameter) => Post(OpenAIServer.Question(fields), 400, Invalid, code, parameter);

    private static Row Picture(string url, string code, int count = 1) =>
        Post(OpenAIServer.Parts(string.Join(',', Enumerable.Repeat(Part(url), count))), 400, Invalid, code, UrlPath);

    private static string Part(string url) => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}""";

    private static string DataUrl(byte[] bytes) => "data:image/png;base64," + Convert.ToBase64String(bytes);

    private sealed record Row
    {
        public required HttpMethod Method { get; init; }

        public required string Path { get; init; }

        public required string Body { get; init; }

        public string ContentType { get; init; } = "application/json";

        /// <summary>Headers of the request.</summary>
        public Dictionary<string, string> Sent { get; init; } = [];

        public Dictionary<string, string?> Settings { get; init; } = [];

        public Action<IServiceCollection>? Replace { get; init; }

        public Action<ManualResetEventSlim> OnDecode { get; init; } = static _ => { };

        public Action<CancellationToken> OnLoad { get; init; } = static _ => { };

        /// <summary>What happens before the request, and what ends after it.</summary>
        public Func<ScriptedServer, (Task, Task)> Before { get; init; } = static _ => (Task.CompletedTask, Task.CompletedTask);

        public required int Status { get; init; }

        public required string Type { get; init; }

        public required string Code { get; init; }

        public string? Parameter { get; init; }

        /// <summary>Members of the envelope behind the four.</summary>
        public string[] Members { get; init; } = [];

        /// <summary>Headers of the answer, of those that only some answers have.</summary>
        public Dictionary<string, string> Headers { get; init; } = [];

        public HttpRequestMessage Request()
        {
            var request = new HttpRequestMessage(Method, Path);
            if (Method == HttpMethod.Post)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(ContentType) } };
            }

            foreach (var (name, value) in Sent)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            return request;
        }
    }
}
