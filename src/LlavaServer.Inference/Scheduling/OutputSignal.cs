using System.Threading.Channels;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Tells the one reader of a request's answers that there is something to read. Set on the scheduler thread; setting it again before it is waited for
/// changes nothing.
/// </summary>
internal sealed class OutputSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(true);

    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _channel.Reader.ReadAsync(cancellationToken);
}
