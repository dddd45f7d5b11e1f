using System.Diagnostics;

namespace LlavaServer.Models.Tests.Store;

/// <summary>This test program as a process of its own that works in a store until it is killed, or until its rounds are over. Owned by one test.</summary>
internal sealed class KilledProcess : IDisposable
{
    /// <summary>What it writes when it is ready to begin.</summary>
    public const string Ready = "ready";

    private readonly Process _process;

    private KilledProcess(Process process) => _process = process;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static KilledProcess Start(string verb, string root, int seed, int rounds = int.MaxValue)
    {
        var program = Path.ChangeExtension(typeof(KilledProcess).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        return new KilledProcess(Process.Start(new ProcessStartInfo(program, [verb, root, seed.ToString(), rounds.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
    }

    /// <summary>Two that work beside each other; each round has seeds of its own.</summary>
    public static KilledProcess[] StartPair(string verb, string root, int round) => [Start(verb, root, 2 * round), Start(verb, root, (2 * round) + 1)];

    /// <summary>Lets all work, none before the last is ready.</summary>
    public static async Task BeginAsync(IReadOnlyList<KilledProcess> processes)
    {
        await Task.WhenAll(processes.Select(static process => process.ReadyAsync()));
        foreach (var process in processes)
        {
            await process._process.StandardInput.WriteLineAsync();
        }
    }

    /// <summary>Ends by itself, and well.</summary>
    public async Task EndAsync()
    {
        await _process.WaitForExitAsync(Token);
        Assert.True(_process.ExitCode == 0, await _process.StandardError.ReadToEndAsync(Token));
    }

    /// <summary>SIGKILL. One that ended before had a reason, with which the test fails.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(Token);
        var error = await _process.StandardError.ReadToEndAsync(Token);
        Assert.True(error.Length == 0, error);
        Dispose();
    }

    public void Dispose() => _process.Dispose();

    private async Task ReadyAsync() => Assert.Equal(Ready, await _process.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
}
