using System.Diagnostics;
using System.Globalization;
using LlavaServer.Benchmarks.Load;

namespace LlavaServer.Benchmarks.Soak;

/// <summary>
/// Looks at a server on this machine from outside: memory, threads and file descriptors from <c>/proc</c>, the managed heap from its metrics. Anonymous
/// memory counts what is swapped out: resident size alone hides leaks.
/// </summary>
internal sealed class ServerMemory(LightClient client, int processId)
{
    private const string HeapMetric = "dotnet_gc_last_collection_heap_size";
    private readonly long _start = Stopwatch.GetTimestamp();

    public async Task<MemorySample> TakeAsync(int requests)
    {
        var status = processId > 0 ? await File.ReadAllLinesAsync($"/proc/{processId}/status") : [];
        var swapped = Math.Max(0, Kibibytes(status, "VmSwap:"));
        var anonymous = Kibibytes(status, "RssAnon:");
        return new MemorySample(
            Stopwatch.GetElapsedTime(_start).TotalSeconds,
            requests,
            Kibibytes(status, "VmRSS:"),
            anonymous < 0 ? -1 : anonymous + swapped,
            await HeapAsync(),
            (int)Number(status, "Threads:"),
            processId > 0 ? Directory.GetFileSystemEntries($"/proc/{processId}/fd").Length : -1);
    }

    private static long Kibibytes(string[] status, string name) => Number(status, name) is >= 0 and var value ? value * 1024 : -1;

    private static long Number(string[] status, string name) =>
        Array.Find(status, line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture)
            : -1;

    private async Task<long> HeapAsync()
    {
        try
        {
            var lines = (await client.GetAsync("/metrics")).Split('\n').Where(static l => l.StartsWith(HeapMetric, StringComparison.Ordinal)).ToArray();
            return lines.Length == 0 ? -1 : (long)lines.Sum(static l => double.Parse(l.Split('}')[^1].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException)
        {
            return -1;
        }
    }
}
