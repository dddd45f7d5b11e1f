using LlavaServer.Models.Store;
using LlavaServer.Models.Tests.Store;
using LlavaServer.TestDisk;
using LlavaServer.TestRegistry;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>Pulls to a disk that has no room, or loses it on the way.</summary>
public sealed class PullDiskFullTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task STO11_ModelLargerThanTheDisk_RefusedBeforeAnyByte()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        using var disk = new SmallDisk(bench.Temporary.Root);
        registry.Put("latest", 2 << 20);
        var failure = await Assert.ThrowsAsync<StoreException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.Equal(StoreError.DiskFull, failure.Error);
        Assert.Matches("^there is no space left for the model store: [1-9][0-9]{6} bytes are missing$", failure.Message);
        Assert.Equal(0, registry.BytesSent);
        Assert.Empty(bench.Store.Read().Models);
    }

    [Fact]
    public async Task STO11_DiskFullOnTheWay_FormerModelStaysAndTheNextPullGoesOn()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        using var disk = new SmallDisk(bench.Temporary.Root);
        var former = registry.Put("latest", 50_000, seed: 1);
        await bench.PullAsync(registry.Name("latest"), Token);
        var manifest = registry.Put("latest", 600_000, seed: 2);
        var before = registry.BytesSent;
        var chunks = 0;
        registry.OnChunk = () =>
        {
            if (Interlocked.Increment(ref chunks) == 12)
            {
                disk.Fill();
            }

            return Task.CompletedTask;
        };
        var failure = await Assert.ThrowsAsync<StoreException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.Equal(StoreError.DiskFull, failure.Error);
        Assert.Matches("^there is no space left for the model store: [1-9][0-9]* bytes are missing$", failure.Message);
        Assert.Equal(former.Digest, bench.Store.Find(registry.Name("latest"))!.Manifest.Digest);
        bench.Temporary.AssertServed(former);
        Assert.InRange(registry.BytesSent - before, 1, 600_000);

        disk.Free();
        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);
    }
}
