using LlavaServer.Tests.EndToEnd;

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
}
