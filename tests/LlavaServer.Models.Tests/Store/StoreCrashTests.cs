using System.Diagnostics;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

/// <summary>Processes that work in one store, two at a time, and are killed at random moments.</summary>
public sealed class StoreCrashTests
{
    private const int Kills = 200;
    private const int Forever = int.MaxValue;

    [Fact]
    public async Task STO10_STO18_TwoProcessesKilledAtRandomMoments_NothingHalfNothingLost()
    {
        using var store = new TemporaryStore();
        StoreChild.Create(store.Store, StoreChild.Kept(0), 5, 6);
        StoreChild.Create(store.Store, StoreChild.Kept(1), 6, 1);
        var kept = new[] { 0, 1 }.Select(index => store.Store.Find(StoreChild.Kept(index))!.Manifest.Digest).ToArray();
        var random = new Random(20261123);
        var next = Start(store.Root, 0);
        for (var round = 1; round <= Kills / 2; round++)
        {
            var children = next;
            await Task.WhenAll(Array.ConvertAll(children, ReadyAsync));
            Array.ForEach(children, static child => child.StandardInput.WriteLine());

            // The next ones start while these work and are judged.
            next = round < Kills / 2 ? Start(store.Root, round) : [];
            foreach (var child in children)
            {
                await Task.Delay(random.Next(25), TestContext.Current.CancellationToken);
                await KillAsync(child);
            }

            store.AssertWhole();
            Assert.Equal(kept, new[] { 0, 1 }.Select(index => store.Store.Find(StoreChild.Kept(index))!.Manifest.Digest));
        }

        // Who repeats is not held up by what the dead left behind, nor by the other, and cleaning up leaves nothing of it.
        Process[] last = [Start(store.Root, 77, rounds: 300), Start(store.Root, 78, rounds: 300)];
        await Task.WhenAll(Array.ConvertAll(last, ReadyAsync));
        Array.ForEach(last, static child => child.StandardInput.WriteLine());
        foreach (var child in last)
        {
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(child.ExitCode == 0, await child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            child.Dispose();
        }

        Assert.Null(store.Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2)).KeptBecause);
        store.AssertWhole();
        var used = store.Store.Read().Models.SelectMany(static model => model.Manifest.Files).Select(static layer => layer.Digest.FileName).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(used, store.BlobNames);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(store.Root, "manifests"), ".*", SearchOption.AllDirectories));
    }

    private static Process[] Start(string root, int round) => [Start(root, 2 * round, Forever), Start(root, (2 * round) + 1, Forever)];

    private static Process Start(string root, int seed, int rounds)
    {
        var program = Path.ChangeExtension(typeof(StoreCrashTests).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        return Process.Start(new ProcessStartInfo(program, [StoreChild.Verb, root, seed.ToString(), rounds.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static async Task ReadyAsync(Process child) =>
        Assert.Equal(StoreChild.Ready, await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));

    // SIGKILL. A child that ended before had a reason.
    private static async Task KillAsync(Process child)
    {
        if (!child.HasExited)
        {
            child.Kill();
        }

        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        var error = await child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(error.Length == 0, error);
        child.Dispose();
    }
}
