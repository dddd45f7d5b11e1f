using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The real server as a child process: <c>dotnet llava.dll serve</c> on a free port of the loopback address. Owned by one fixture or test.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly Process process;
    private readonly ConcurrentQueue<string> log = new();

    private ServerProcess(Process process, Uri address)
    {
        this.process = process;
        Address = address;
    }

    /// <summary>With a slash at the end.</summary>
    public Uri Address { get; }

    public int ProcessId => process.Id;

    /// <summary>The first lines that the server wrote.</summary>
    public string Log => string.Join('\n', log.Take(20).Select(line => line.Length > 600 ? line[..600] : line));

    /// <summary>Starts the server and waits until it is well.</summary>
    public static Task<ServerProcess> StartAsync(params string[] arguments) => StartAsync(new Dictionary<string, string>(), arguments);

    /// <summary>Starts the server with more environment variables and waits until it is well.</summary>
    public static async Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var port = FreePort();
        string[] all = [Path.Combine(AppContext.BaseDirectory, "llava.dll"), "serve", "--host", $"127.0.0.1:{port}", .. arguments];
        var start = new ProcessStartInfo("dotnet", all) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var name in start.Environment.Keys.Where(IsServerSetting).ToArray())
        {
            start.Environment.Remove(name);
        }

        // The models of whoever runs the tests are not ours to serve, let alone to clean up.
        start.Environment["LLAVA_MODELS"] = Path.Combine(AppContext.BaseDirectory, "no-store");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/"));
        server.process.OutputDataReceived += (_, line) => server.log.Enqueue(line.Data ?? "");
        server.process.ErrorDataReceived += (_, line) => server.log.Enqueue(line.Data ?? "");
        server.process.BeginOutputReadLine();
        server.process.BeginErrorReadLine();
        try
        {
            await server.WaitUntilWellAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the process to end as a service manager does (SIGTERM).</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> TerminateAsync(TimeSpan limit)
    {
        await SignalAsync();
        using var deadline = new CancellationTokenSource(limit);
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode;
    }

    /// <summary>Sends SIGTERM and does not wait for what follows.</summary>
    public async Task SignalAsync()
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static bool IsServerSetting(string name) =>
        name.StartsWith("OLLAMA_", StringComparison.Ordinal) || name.StartsWith("LLAVA_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task WaitUntilWellAsync()
    {
        using var client = new HttpClient { BaseAddress = Address };
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < StartLimit; await Task.Delay(100))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"The server ended with exit code {process.ExitCode}.\n{Log}");
            }

            try
            {
                using var answer = await client.GetAsync(new Uri("health", UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }

        throw new TimeoutException($"The server is not well after {StartLimit}.\n{Log}");
    }
}
