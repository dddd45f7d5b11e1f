using LlavaServer.Models.Creation;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Store;
using LlavaServer.Models.Tests.Store;

namespace LlavaServer.Models.Tests.Creation;

/// <summary>Processes that create models in one store, two at a time, and are killed at random moments.</summary>
public sealed class CreationCrashTests
{
    private const int Kills = 60;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task STO10_CreatesKilledAtRandomMoments_NothingHalfNothingLost()
    {
        using var store = new TemporaryStore();
        var files = CreationChild.Upload(store.Store, store.Root);
        var creator = new ModelCreator(store.Store, static _ => null, TimeProvider.System);
        await creator.CreateAsync(new CreationRequest { Name = StoreChild.Name("kept"), Files = files[0] }, static _ => ValueTask.CompletedTask, Token);
        var kept = store.Store.Find(StoreChild.Name("kept"))!.Manifest.Digest;
        var random = new Random(20261123);
        var next = KilledProcess.StartPair(CreationChild.Verb, store.Root, 0);
        for (var round = 1; round <= Kills / 2; round++)
        {
            var children = next;
            await KilledProcess.BeginAsync(children);
            next = round < Kills / 2 ? KilledProcess.StartPair(CreationChild.Verb, store.Root, round) : [];
            foreach (var child in children)
            {
                await Task.Delay(random.Next(90), Token);
                await child.KillAsync();
            }

            AssertWhole(store);
            Assert.Equal(kept, store.Store.Find(StoreChild.Name("kept"))!.Manifest.Digest);
        }

        // Who repeats is not held up by what the dead left behind, and cleaning up leaves nothing of it.
        using var last = KilledProcess.Start(CreationChild.Verb, store.Root, 99, rounds: 12);
        await KilledProcess.BeginAsync([last]);
        await last.EndAsync();
        Assert.Null(store.Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2)).KeptBecause);
        AssertWhole(store);
        var used = store.Store.Read().Models.SelectMany(static model => model.Manifest.Files).Select(static layer => layer.Digest.FileName).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(used, store.BlobNames);
    }

    // Every model that has a name can be opened.
    private static void AssertWhole(TemporaryStore store)
    {
        store.AssertWhole();
        foreach (var model in store.Store.Read().Models)
        {
            GgufFile.Open(store.Store.Blobs.PathOf(model.Manifest.First(LayerTypes.Model)!.Digest)).Dispose();
        }
    }
}
