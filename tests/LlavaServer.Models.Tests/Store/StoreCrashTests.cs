using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

/// <summary>Processes that work in one store, two at a time, and are killed at random moments.</summary>
public sealed class StoreCrashTests
{
    private const int Kills = 200;

    [Fact]
    public async Task STO10_STO18_TwoProcessesKilledAtRandomMoments_NothingHalfNothingLost()
    {
        using var store = new TemporaryStore();
        StoreChild.Create(store.Store, StoreChild.Kept(0), 5, 6);
        StoreChild.Create(store.Store, StoreChild.Kept(1), 6, 1);
        var kept = new[] { 0, 1 }.Select(index => store.Store.Find(StoreChild.Kept(index))!.Manifest.Digest).ToArray();
        var random = new Random(20261123);
        var next = KilledProcess.StartPair(StoreChild.Verb, store.Root, 0);
        for (var round = 1; round <= Kills / 2; round++)
        {
            var children = next;
            await KilledProcess.BeginAsync(children);

            // The next ones start while these work and are judged.
            next = round < Kills / 2 ? KilledProcess.StartPair(StoreChild.Verb, store.Root, round) : [];
            foreach (var child in children)
            {
                await Task.Delay(random.Next(25), TestContext.Current.CancellationToken);
                await child.KillAsync();
            }

            store.AssertWhole();
            Assert.Equal(kept, new[] { 0, 1 }.Select(index => store.Store.Find(StoreChild.Kept(index))!.Manifest.Digest));
        }

        // Who repeats is not held up by what the dead left behind, nor by the other, and cleaning up leaves nothing of it.
        KilledProcess[] last = [KilledProcess.Start(StoreChild.Verb, store.Root, 77, rounds: 300), KilledProcess.Start(StoreChild.Verb, store.Root, 78, rounds: 300)];
        await KilledProcess.BeginAsync(last);
        foreach (var child in last)
        {
            await child.EndAsync();
            child.Dispose();
        }

        Assert.Null(store.Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2)).KeptBecause);
        store.AssertWhole();
        var used = store.Store.Read().Models.SelectMany(static model => model.Manifest.Files).Select(static layer => layer.Digest.FileName).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(used, store.BlobNames);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(store.Root, "manifests"), ".*", SearchOption.AllDirectories));
    }
}
