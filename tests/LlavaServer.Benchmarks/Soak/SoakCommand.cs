using System.Globalization;
using LlavaServer.Benchmarks.Compare;
using LlavaServer.Benchmarks.Load;

namespace LlavaServer.Benchmarks.Soak;

/// <summary>
/// <c>soak --server URL --pid N</c>: thousands of mixed requests from several clients (texts, new and known pictures, answers that are left in the
/// middle, broken pictures and fields), and what the server holds meanwhile, as a table and a picture. Fails when memory in the last fifth of the
/// requests is more than 5 % above what it was after the first tenth; the server's picture cache is to be small enough to be full by then (<c>LLAVA_IMAGE_CACHE=1MiB</c>).
/// </summary>
internal static class SoakCommand
{
    private const string Usage = "soak --server URL [--pid N] [--requests 10000] [--clients 8] [--tokens 16] [--samples 40] [--seed 1] [--plot FILE.svg]";
    private const int KnownPictures = 8;
    private const int Side = 96;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--server") is not { } server)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var requests = CommandLine.Integer(args, "--requests", 10_000);
        var clients = CommandLine.Integer(args, "--clients", 8);
        var tokens = CommandLine.Integer(args, "--tokens", 16);
        var seed = CommandLine.Integer(args, "--seed", 1);
        var batch = Math.Max(1, requests / CommandLine.Integer(args, "--samples", 40));
        using var probe = new LightClient(new Uri(server));
        var memory = new ServerMemory(probe, CommandLine.Integer(args, "--pid", 0));
        byte[][] pictures = [.. Enumerable.Range(0, KnownPictures).Select(i => NoisePicture.Png(new Random(i), Side))];
        var users = Enumerable.Range(0, clients).Select(i => new SoakUser(new LightClient(new Uri(server)), new Random(seed + i), pictures, tokens)).ToArray();
        var samples = new List<MemorySample>();
        Console.WriteLine($"{"s",8}{"requests",10}{"resident MiB",14}{"anonymous MiB",15}{"heap MiB",10}{"threads",9}{"handles",9}   answers, left, refused, busy");
        for (var done = 0; done < requests;)
        {
            var now = Math.Min(batch, requests - done);
            var left = now;
            await Task.WhenAll(users.Select(async user =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await user.AskAsync();
                }
            }));
            done += now;
            samples.Add(await memory.TakeAsync(done));
            Print(samples[^1], users);
        }

        // What ends with its requests has ended now.
        await Task.Delay(Rest);
        samples.Add(await memory.TakeAsync(requests));
        Print(samples[^1], users);
        if (CommandLine.Option(args, "--plot") is { } path)
        {
            await File.WriteAllTextAsync(path, MemoryPlot.Svg(samples));
        }

        return Verdict(samples, requests);
    }

    // Medians: what one sample shows depends on when the heap was collected.
    private static int Verdict(List<MemorySample> samples, int requests)
    {
        var early = samples.Where(s => s.Requests >= requests * 0.1 && s.Requests <= requests * 0.3).ToList();
        var late = samples.Where(s => s.Requests >= requests * 0.8).ToList();
        if (early.Count == 0 || early[0].AnonymousBytes < 0)
        {
            Console.WriteLine("Memory was not measured: --pid of a server on this machine is missing, or there are fewer than ten samples.");
            return 0;
        }

        var growth = (Statistics.Median(late.Select(static s => (double)s.AnonymousBytes)) / Statistics.Median(early.Select(static s => (double)s.AnonymousBytes))) - 1;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Anonymous memory, median of the last fifth of the requests against that of the second and third tenth: {growth:+0.0%;-0.0%}; threads {early[0].Threads} and {samples[^1].Threads}, handles {early[0].Handles} and {samples[^1].Handles}."));
        return growth <= 0.05 ? 0 : 1;
    }

    private static void Print(MemorySample sample, SoakUser[] users) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{sample.Seconds,8:F0}{sample.Requests,10}{Mebibytes(sample.ResidentBytes),14}{Mebibytes(sample.AnonymousBytes),15}{Mebibytes(sample.HeapBytes),10}{sample.Threads,9}{sample.Handles,9}   {users.Sum(u => u.Answered)}, {users.Sum(u => u.Left)}, {users.Sum(u => u.Refused)}, {users.Sum(u => u.Busy)}"));

    private static string Mebibytes(long bytes) => bytes < 0 ? "-" : (bytes / (double)(1 << 20)).ToString("F1", CultureInfo.InvariantCulture);
}
