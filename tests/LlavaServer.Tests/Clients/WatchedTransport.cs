using System.Collections.Concurrent;

namespace LlavaServer.Tests.Clients;

/// <summary>Writes down the statuses that a client gets and when, and calls back on the first 429 before the client sees it.</summary>
internal sealed class WatchedTransport(Func<Task> onRefused) : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly ConcurrentQueue<int> _statuses = new();

    public IEnumerable<int> Statuses => _statuses;

    /// <summary>From the first 429 to the request that followed it.</summary>
    public TimeSpan Waited { get; private set; }

    private long RefusedAt { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (RefusedAt != 0 && Waited == default)
        {
            Waited = TimeProvider.System.GetElapsedTime(RefusedAt);
        }

        var response = await base.SendAsync(request, cancellationToken);
        _statuses.Enqueue((int)response.StatusCode);
        if ((int)response.StatusCode == 429 && RefusedAt == 0)
        {
            await onRefused();
            RefusedAt = TimeProvider.System.GetTimestamp();
        }

        return response;
    }
}
