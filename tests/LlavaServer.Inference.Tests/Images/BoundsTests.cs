using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Tests.Images;

/// <summary>The byte budget and the cache of embeddings.</summary>
public sealed class BoundsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ByteBudget_Waiters_AreServedInOrder()
    {
        var budget = new ByteBudget(100);
        Assert.Equal(60, await budget.TakeAsync(60, Token));
        var large = budget.TakeAsync(80, Token);
        var small = budget.TakeAsync(10, Token);
        Assert.False(large.IsCompleted || small.IsCompleted);
        Assert.False(budget.TryTake(1));
        budget.GiveBack(60);
        Assert.Equal(80, await large);
        Assert.Equal(10, await small);
        Assert.Equal(90, budget.Taken);
    }

    [Fact]
    public async Task ByteBudget_MoreThanAll_TakesAll()
    {
        var budget = new ByteBudget(100);
        Assert.Equal(100, await budget.TakeAsync(1000, Token));
        budget.GiveBack(100);
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public async Task ByteBudget_FirstWaiterLeaves_TheNextIsServed()
    {
        var budget = new ByteBudget(100);
        await budget.TakeAsync(60, Token);
        using var left = new CancellationTokenSource();
        var first = budget.TakeAsync(80, left.Token);
        var second = budget.TakeAsync(40, Token);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(40, await second);
    }

    [Fact]
    public void ImageEmbeddingCache_OverItsBytes_DropsTheLeastRecentlyUsed()
    {
        var cache = new ImageEmbeddingCache(3 * 16);
        for (var i = 0; i < 3; i++)
        {
            cache.Add(Key(i), Embedding(4));
        }

        Assert.NotNull(cache.Find(Key(0)));
        cache.Add(Key(3), Embedding(4));
        Assert.Null(cache.Find(Key(1)));
        Assert.NotNull(cache.Find(Key(0)));
        Assert.Equal((48, 3), (cache.Bytes, cache.Count));

        cache.Add(Key(4), Embedding(13));
        Assert.Null(cache.Find(Key(4)));
        cache.Add(Key(5), Embedding(12));
        Assert.Equal((48, 1), (cache.Bytes, cache.Count));
    }

    [Fact]
    public void IMG10_ImageEmbeddingCache_KeyHoldsModelProfileAndContent()
    {
        var cache = new ImageEmbeddingCache(1000);
        cache.Add(Key(1), Embedding(4));
        Assert.Null(cache.Find(Key(1) with { ModelDigest = "other" }));
        Assert.Null(cache.Find(Key(1) with { Profile = VisionProfile.LlamaCppD }));
        Assert.Null(cache.Find(Key(1) with { Content = new ContentHash(1, 0, 0, 1) }));
        Assert.Null(cache.Find(Key(1) with { Scope = "other" }));
        Assert.NotNull(cache.Find(Key(1)));
    }

    private static ImageEmbeddingKey Key(int content) => new("digest", VisionProfile.Reference, new ContentHash((ulong)content, 0, 0, 0), "");

    private static ImageEmbedding Embedding(int floats) => new(new float[floats], 1, floats);
}
