using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace LlavaServer.Tests.Edge;

/// <summary>One connection of plain bytes: an HTTP client would repair what must stay broken.</summary>
internal sealed partial class RawHttp : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;

    private RawHttp(Uri address, int? receiveBuffer)
    {
        _client.ReceiveBufferSize = receiveBuffer ?? _client.ReceiveBufferSize;
        _client.Connect(address.Host, address.Port);
        _stream = _client.GetStream();
    }

    /// <param name="address">Of the server.</param>
    /// <param name="receiveBuffer">Bytes that the system takes while nobody reads; null is its own choice.</param>
    public static RawHttp Connect(Uri address, int? receiveBuffer = null) => new(address, receiveBuffer);

    /// <summary>Sends all of a text (as Latin-1) and returns everything that comes until the server closes or is silent for a while.</summary>
    public static async Task<string> ExchangeAsync(Uri address, string request, double silenceSeconds = 1.5)
    {
        using var connection = Connect(address);
        await connection.SendAsync(request);
        return await connection.ReadAsync(silenceSeconds);
    }

    /// <summary>Statuses of all responses in a text.</summary>
    public static int[] Statuses(string received) => [.. StatusLine().Matches(received).Select(static match => int.Parse(match.Groups[1].Value))];

    public async Task SendAsync(string text)
    {
        try
        {
            await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // The server closed while we were sending: its answer is still to be read.
        }
    }

    /// <summary>
    /// Everything until the end of the connection, or until nothing comes for <paramref name="silenceSeconds"/>. For the first byte it waits longer: a busy
    /// machine is late, and no answer is another result.
    /// </summary>
    /// <param name="silenceSeconds">Seconds between two pieces.</param>
    /// <param name="firstSeconds">Seconds before the first.</param>
    public async Task<string> ReadAsync(double silenceSeconds, double firstSeconds = 30)
    {
        var text = new StringBuilder();
        var buffer = new byte[65536];
        IsClosed = false;
        while (true)
        {
            using var silence = new CancellationTokenSource(TimeSpan.FromSeconds(text.Length == 0 ? Math.Max(firstSeconds, silenceSeconds) : silenceSeconds));
            try
            {
                var count = await _stream.ReadAsync(buffer, silence.Token);
                if (count == 0)
                {
                    IsClosed = true;
                    return text.ToString();
                }

                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            catch (OperationCanceledException)
            {
                return text.ToString();
            }
            catch (IOException)
            {
                IsClosed = true;
                return text.ToString();
            }
        }
    }

    /// <summary>Everything up to and with a text. Throws when the connection ends before it.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var count = await _stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Assert.True(count > 0, $"The connection ended: {text}");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    /// <summary>The last read ended because the server closed.</summary>
    public bool IsClosed { get; private set; }

    public void Dispose() => _client.Dispose();

    [GeneratedRegex("HTTP/1\\.1 ([0-9]{3}) ")]
    private static partial Regex StatusLine();
}
