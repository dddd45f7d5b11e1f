using System.CommandLine;
using System.Net.Sockets;
using System.Text;
using LlavaServer.Cli.Client;
using LlavaServer.Configuration;

namespace LlavaServer.Cli;

/// <summary>
/// <c>llava health</c>: asks a running server, for containers that have no shell. A bare socket, because starting a whole HTTP client costs more than
/// the question.
/// </summary>
internal static class HealthVerb
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static Command Create()
    {
        var host = new Option<string?>("--host") { Description = "Address of the server.", HelpName = "address" };
        var ready = new Option<bool>("--ready") { Description = "Ask whether requests are welcome, not only whether the process lives." };
        var command = new Command("health", "Ask a running server whether it is well: exit code 0 or 1.");
        command.Options.Add(host);
        command.Options.Add(ready);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(host) ?? ClientVerb.ConfiguredHost();
            if (!ServerAddress.TryParse(text, out var address))
            {
                await Console.Error.WriteLineAsync("--host must be an address such as 127.0.0.1:11434.");
                return 2;
            }

            return await AskAsync(address, parsed.GetValue(ready) ? "/readyz" : "/livez", cancellationToken);
        });
        return command;
    }

    private static async Task<int> AskAsync(ServerAddress address, string path, CancellationToken cancellationToken)
    {
        var uri = address.ClientUri;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(uri.DnsSafeHost, uri.Port, deadline.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: {uri.Authority}\r\n\r\n"), deadline.Token);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var answer = await reader.ReadToEndAsync(deadline.Token);
            var isWell = answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
            await (isWell ? Console.Out : Console.Error).WriteLineAsync(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Trim());
            return isWell ? 0 : 1;
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"No server answers at {address}.");
            return 1;
        }
    }
}
