using System.Net.Http.Json;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Metrics;

namespace LlavaServer.Tests.Clients;

/// <summary>The endless model behind one slot and one place in the queue, so that a third request is refused. Shared by the tests of one class.</summary>
public sealed class CrowdedServer(EndlessServer endless) : IAsyncLifetime
{
    private ServerProcess? _server;

    public Uri Address => _server!.Address;

    public async ValueTask InitializeAsync() =>
        _server = await endless.StartAnotherAsync(new Dictionary<string, string> { ["LLAVA_MAX_QUEUE"] = "1" });

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>A request that keeps the slot, or the place in the queue, until it is cancelled.</summary>
    internal static Task<HttpResponseMessage> OccupyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri("v1/chat/completions", UriKind.Relative))
        {
            Content = JsonContent.Create(new { model = EndlessServer.Model, stream = true, temperature = 0, messages = new[] { new { role = "user", content = "Go on" } } }),
        };
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    internal async Task BecomesFreeAsync()
    {
        await MetricAsync("llamacpp:requests_processing", 0);
        await MetricAsync("llamacpp:requests_deferred", 0);
    }

    /// <summary>Waits until the metric has the value.</summary>
    internal async Task MetricAsync(string name, int value)
    {
        using var http = new HttpClient { BaseAddress = Address };
        for (var started = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            var seen = new PrometheusText(await http.GetStringAsync("metrics", TestContext.Current.CancellationToken)).Sum(name);
            if ((int)seen == value)
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"{name} is {seen}, expected {value}.");
        }
    }
}
