using System.Diagnostics;

namespace LlavaServer.Tests.Hosting;

/// <summary>Finds and kills the engine processes of a server, by what Linux says of its processes.</summary>
internal static class EngineProcesses
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Skips the test where processes cannot be found.</summary>
    public static void SkipUnlessKnown() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are found in /proc, which only Linux has.");

    /// <summary>Numbers of the living engine processes of a server.</summary>
    public static int[] Of(int serverId) => [.. Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName)
        .Where(name => int.TryParse(name, out _))
        .Select(name => int.Parse(name!))
        .Where(id => Stat(id) is { } stat && stat.Parent == serverId && stat.State != 'Z')];

    /// <summary>The one engine process of a server, when it has one other than those seen before.</summary>
    public static async Task<int> NextAsync(int serverId, IReadOnlyCollection<int> seen)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Limit; await Task.Delay(20))
        {
            if (Of(serverId).Except(seen).FirstOrDefault() is var id and not 0)
            {
                return id;
            }
        }

        throw new TimeoutException($"Server {serverId} starts no engine process.");
    }

    /// <summary>SIGKILL; nothing if it has ended.</summary>
    public static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It was faster.
        }
    }

    /// <summary>SIGSTOP: it lives and does nothing.</summary>
    public static void Stop(int id)
    {
        using var stop = Process.Start("sh", ["-c", $"kill -STOP {id}"]);
        stop.WaitForExit();
    }

    public static async Task AssertGoneAsync(int id)
    {
        for (var watch = Stopwatch.StartNew(); Stat(id) is { State: not 'Z' }; await Task.Delay(20))
        {
            Assert.True(watch.Elapsed < Limit, $"Process {id} lives on.");
        }
    }

    private static (int Parent, char State)? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1]), fields[0][0]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
