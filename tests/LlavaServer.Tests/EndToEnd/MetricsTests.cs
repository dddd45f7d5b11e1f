using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlavaServer.Tests.Metrics;

namespace LlavaServer.Tests.EndToEnd;

/// <summary><c>GET /metrics</c> of a server process of its own: form, names, exact counts, and who may read it.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class MetricsTests(BundledServer bundled)
{
    private const string Marker = "zebrafish";

    private static readonly string[] s_llama =
    [
        "prompt_tokens_total counter", "prompt_tokens_cached_total counter", "prompt_seconds_total counter", "tokens_predicted_total counter",
        "tokens_predicted_seconds_total counter", "n_decode_total counter", "n_tokens_max counter", "prompt_tokens_seconds gauge",
        "predicted_tokens_seconds gauge", "requests_processing gauge", "requests_deferred gauge", "n_busy_slots_per_decode gauge",
    ];

    private static readonly string[] s_own =
    [
        "gen_ai_server_request_duration_seconds histogram", "gen_ai_server_time_to_first_token_seconds histogram",
        "gen_ai_server_time_per_output_token_seconds histogram", "llavaserver_requests_total counter", "llavaserver_requests_running gauge",
        "llavaserver_queue_depth gauge", "llavaserver_queue_duration_seconds histogram", "llavaserver_slots gauge", "llavaserver_saturation gauge",
        "llavaserver_prompt_tokens_total counter", "llavaserver_generation_tokens_total counter", "llavaserver_images_total counter",
        "llavaserver_image_encode_duration_seconds histogram", "llavaserver_image_size_bytes histogram", "llavaserver_batch_sequences histogram",
        "llavaserver_model_load_duration_seconds histogram", "llavaserver_model_loaded gauge", "llavaserver_model_memory_bytes gauge",
        "llavaserver_kv_cache_usage gauge", "llavaserver_image_cache_usage_bytes gauge", "llavaserver_draining gauge", "llavaserver_build_info gauge", "http_server_request_duration_seconds histogram", "kestrel_active_connections gauge",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>As Prometheus and browsers ask: what follows the exporter's part must not stand plain behind a compressed body.</summary>
    [Fact]
    public async Task Metrics_ClientThatUnpacks_GetsAllOfThem()
    {
        using var client = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All }) { BaseAddress = bundled.Address };
        var text = new PrometheusText(await client.GetStringAsync("/metrics", Token));
        Assert.Contains("llamacpp:requests_processing", text.Types.Keys);
        Assert.Contains("kestrel_active_connections", text.Types.Keys);
    }

    [Fact]
    public async Task Metrics_AfterAnswers_AreWellFormedAndCountExactly()
    {
        _ = bundled.Address;
        await using var server = await ServerProcess.StartAsync();
        using var client = new HttpClient { BaseAddress = server.Address };
        var sum = (Computed: 0, Cached: 0, Generated: 0, Longest: 0);
        for (var i = 0; i < 3; i++)
        {
            var usage = (await AskAsync(client, i == 0 ? "What do you see?" : "What shape is there?"))["usage"]!;
            var (prompt, cached, generated) = ((int)usage["prompt_tokens"]!, (int)usage["prompt_tokens_details"]!["cached_tokens"]!, (int)usage["completion_tokens"]!);
            sum = (sum.Computed + prompt - cached, sum.Cached + cached, sum.Generated + generated, Math.Max(sum.Longest, prompt + generated));
        }

        using var response = await client.GetAsync("/metrics", Token);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.InRange(long.Parse(response.Headers.GetValues("Process-Start-Time-Unix").Single()), DateTimeOffset.UtcNow.AddMinutes(-10).ToUnixTimeSeconds(), DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        var body = await response.Content.ReadAsStringAsync(Token);
        var text = new PrometheusText(body);

        Assert.All(s_llama, metric => Assert.Contains("llamacpp:" + metric, text.Types.Select(static type => $"{type.Key} {type.Value}")));
        Assert.All(s_own, metric => Assert.Contains(metric, text.Types.Select(static type => $"{type.Key} {type.Value}")));
        Assert.All(text.Types.Keys.Where(static name => name != "target_info"), name => Assert.True(text.Help.ContainsKey(name), $"{name} has no help"));
        Assert.Equal(
            (sum.Computed, sum.Cached, sum.Generated, sum.Longest, 3),
            ((int)text.Sum("llamacpp:prompt_tokens_total"), (int)text.Sum("llamacpp:prompt_tokens_cached_total"), (int)text.Sum("llamacpp:tokens_predicted_total"),
                (int)text.Sum("llamacpp:n_tokens_max"), (int)text.Sum("llavaserver_requests_total", "outcome=\"ok\"", "api=\"openai.chat\"")));
        Assert.Equal(text.Sum("llamacpp:prompt_tokens_total"), text.Sum("llavaserver_prompt_tokens_total", "source=\"computed\""));
        Assert.Equal(text.Sum("llamacpp:prompt_tokens_cached_total"), text.Sum("llavaserver_prompt_tokens_total", "source=\"cached\""));
        Assert.Equal(text.Sum("llamacpp:tokens_predicted_total"), text.Sum("llavaserver_generation_tokens_total"));
        Assert.Equal(text.Sum("llamacpp:n_decode_total"), text.Sum("llavaserver_batch_sequences_count"));
        Assert.Equal(1, text.Sum("llavaserver_images_total", "result=\"encoded\""));
        Assert.Equal(3, text.Sum("http_server_request_duration_seconds_count", "http_route=\"/v1/chat/completions\"", "http_response_status_code=\"200\""));
        Assert.Equal(0, text.Sum("llamacpp:requests_processing"));
        Assert.InRange(text.Sum("llavaserver_kv_cache_usage"), 0.0001, 1);
        Assert.True(text.Sum("llavaserver_image_cache_usage_bytes") > 0);
        Assert.True(text.Sum("llamacpp:predicted_tokens_seconds") > 0);
        Assert.DoesNotContain(Marker, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AcceptOfOpenMetrics_IsStillPrometheusText()
    {
        using var client = new HttpClient { BaseAddress = bundled.Address };
        client.DefaultRequestHeaders.Add("Accept", "application/openmetrics-text; version=1.0.0");
        var body = await client.GetStringAsync("/metrics", Token);
        Assert.DoesNotContain("# EOF", body, StringComparison.Ordinal);
        Assert.NotEmpty(new PrometheusText(body).Samples);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/metrics"), Token);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
    }

    private static async Task<JsonNode> AskAsync(HttpClient client, string question)
    {
        using var response = await client.PostAsJsonAsync("v1/chat/completions", new JsonObject
        {
            ["model"] = BundledServer.Model,
            ["user"] = Marker,
            ["max_tokens"] = 12,
            ["messages"] = new JsonArray(new JsonObject
            {
                ["role"] = "user",
                ["content"] = new JsonArray(
                    new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = TestPicture.RedCircle.DataUrl } },
                    new JsonObject { ["type"] = "text", ["text"] = $"{question} {Marker}" }),
            }),
        }, Token);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return JsonNode.Parse(body)!;
    }
}
