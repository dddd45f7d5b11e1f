using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlavaServer.Edge.Remote;

namespace LlavaServer.Tests.Edge.Remote;

/// <summary>
/// A network of one machine: names lead where a test says, every connection ends at a listener of this process, which answers with plain bytes. One
/// test owns it.
/// </summary>
internal sealed class PictureHost : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Task _accepting;

    public PictureHost()
    {
        _listener.Start();
        _accepting = AcceptAsync();
        Network = new RemoteNetwork
        {
            Resolve = (host, _) =>
            {
                Resolved.Enqueue(host);
                return Task.FromResult(Addresses(host).Select(IPAddress.Parse).ToArray());
            },
            Connect = async (address, cancellationToken) =>
            {
                Dialled.Enqueue(address);
                var client = new TcpClient();
                await client.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, cancellationToken);
                return client.GetStream();
            },
        };
    }

    public RemoteNetwork Network { get; }

    /// <summary>Where a name leads. Throws <see cref="SocketException"/> for an unknown one.</summary>
    public Func<string, string[]> Addresses { get; set; } = static _ => ["93.184.216.34"];

    /// <summary>Answers one request, of which the head is given; the connection ends afterwards.</summary>
    public Func<string, NetworkStream, CancellationToken, Task> Answer { get; set; } = static (_, stream, _) => WriteAsync(stream, Picture(TestPicture));

    public static byte[] TestPicture { get; } = Endpoints.OpenAI.TestPictures.Encode(6, 7);

    public ConcurrentQueue<string> Resolved { get; } = new();

    public ConcurrentQueue<IPEndPoint> Dialled { get; } = new();

    /// <summary>Heads of all requests.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Connections that ended.</summary>
    public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static byte[] Picture(byte[] bytes, string type = "image/png") =>
        [.. Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\n\r\n"), .. bytes];

    public static byte[] Status(string status, string headers = "") => Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n");

    public static Task WriteAsync(NetworkStream stream, byte[] bytes) => stream.WriteAsync(bytes).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var head = new StringBuilder();
                var buffer = new byte[4096];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    var count = await stream.ReadAsync(buffer, _closing.Token);
                    if (count == 0)
                    {
                        return;
                    }

                    head.Append(Encoding.Latin1.GetString(buffer, 0, count));
                }

                Requests.Enqueue(head.ToString());
                await Answer(head.ToString(), stream, _closing.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
            }
            finally
            {
                Closed.TrySetResult();
            }
        }
    }
}
