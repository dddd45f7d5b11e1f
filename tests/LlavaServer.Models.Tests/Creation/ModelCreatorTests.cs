using LlavaServer.Models.Creation;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.Models.Tests.Store;

namespace LlavaServer.Models.Tests.Creation;

public sealed class ModelCreatorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_BaseDeletedMeanwhile_RefusedAndNothingWritten()
    {
        using var store = new TemporaryStore();
        store.Create("base", "weights");
        var found = store.Store.Find(StoreChild.Name("base"))!;
        store.Store.Delete(StoreChild.Name("base"));
        var failure = await Assert.ThrowsAsync<CreationException>(() => Creator(store).CreateAsync(new CreationRequest { Name = StoreChild.Name("x"), Base = found }, Silent, Token));
        Assert.Equal((CreationError.BaseIsGone, "model 'base:latest' not found"), (failure.Error, failure.Message));
        Assert.Empty(store.Store.Read().Models);
        Assert.Empty(store.BlobNames);
    }

    [Fact]
    public async Task Create_CallerLeavesWhileItQuantizes_NothingOfItIsLeft()
    {
        using var store = new TemporaryStore();
        var files = CreationChild.Upload(store.Store, store.Root);
        var before = store.BlobNames;
        ValueTask Leave(PullProgress step) => step.Status.StartsWith("quantizing", StringComparison.Ordinal) ? throw new OperationCanceledException() : ValueTask.CompletedTask;
        foreach (var group in files)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Creator(store).CreateAsync(
                new CreationRequest { Name = StoreChild.Name("x"), Files = group, Quantization = "Q8_0" }, Leave, Token));
        }

        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Creator(store).CreateAsync(new CreationRequest { Name = StoreChild.Name("x"), Files = files[0] }, Silent, left.Token));
        Assert.Equal(before, store.BlobNames);
        Assert.Empty(store.Store.Read().Models);
    }

    private static ModelCreator Creator(TemporaryStore store) => new(store.Store, static _ => null, TimeProvider.System);

    private static ValueTask Silent(PullProgress step) => ValueTask.CompletedTask;
}
