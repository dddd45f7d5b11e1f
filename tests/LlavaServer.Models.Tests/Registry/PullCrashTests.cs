using System.Diagnostics;
using LlavaServer.Models.Tests.Store;
using LlavaServer.TestRegistry;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>Processes that pull one model into one store, and are killed at random moments.</summary>
public sealed class PullCrashTests
{
    private const int Kills = 80;
    private const int PartBytes = 100_000;
    private const int Bytes = 120 * PartBytes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task STO10_KilledWhilePulling_FormerModelStaysAndLittleIsSentTwice()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var store = new TemporaryStore();
        var former = registry.Put("latest", 5000, seed: 1);
        using var bench = new PullBench(root: store.Root);
        await bench.PullAsync(registry.Name("latest"), Token);
        var manifest = registry.Put("latest", Bytes, seed: 2);
        var before = registry.BytesSent;

        // Slow enough that a kill meets a pull in its middle.
        registry.OnChunk = static () => Task.Delay(5);
        var random = new Random(20261123);
        var kills = 0;
        while (kills < Kills && store.Store.Find(registry.Name("latest"))!.Manifest.Digest == former.Digest)
        {
            var sent = registry.BytesSent;
            using var child = Start(store.Root, registry.Name("latest").Full);
            var after = random.Next(1, 300_000);
            while (registry.BytesSent - sent < after && !child.HasExited)
            {
                await Task.Delay(1, Token);
            }

            child.Kill();
            await child.WaitForExitAsync(Token);
            kills++;
        }

        Assert.InRange(kills, 10, Kills);
        registry.OnChunk = static () => Task.CompletedTask;
        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.Null(store.Store.Blobs.LengthOf(former.Layers[0].Digest));

        // Of each of four parts that were on their way, what was not noted yet is lost, and what was sent and not read.
        Assert.InRange(registry.BytesSent - before, manifest.SizeBytes, manifest.SizeBytes + (kills * PullBench.Options.Parallel * PartBytes));
    }

    [Fact]
    public async Task STO18_TwoProcessesPullTheSame_OneDownload()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var store = new TemporaryStore();
        var manifest = registry.Put("latest", Bytes);
        registry.OnChunk = static () => Task.Delay(2);
        Process[] children = [Start(store.Root, registry.Name("latest").Full), Start(store.Root, registry.Name("latest").Full)];
        foreach (var child in children)
        {
            await child.WaitForExitAsync(Token);
            Assert.True(child.ExitCode == 0, await child.StandardError.ReadToEndAsync(Token));
            child.Dispose();
        }

        using var bench = new PullBench(root: store.Root);
        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.Equal(manifest.SizeBytes, registry.BytesSent);
    }

    private static Process Start(string root, string name)
    {
        var program = Path.ChangeExtension(typeof(PullCrashTests).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        return Process.Start(new ProcessStartInfo(program, [PullChild.Verb, root, name]) { RedirectStandardError = true })!;
    }
}
