using LlavaServer.Models.Store;
using LlavaServer.TestDisk;

namespace LlavaServer.Models.Tests.Store;

/// <summary>A disk without room: what was there stays, what did not fit leaves no trace.</summary>
public sealed class DiskFullTests
{
    [Fact]
    public void STO11_DiskFull_NothingVisibleAndNothingLeft()
    {
        using var folder = new TemporaryStore();
        using var disk = new SmallDisk(folder.Root);
        var small = folder.Create("small", new string('a', 200_000));
        var big = new byte[2 << 20];
        var failure = Assert.Throws<StoreException>(() => folder.Store.Blobs.Add(big, LayerTypes.Model));
        Assert.Equal(StoreError.DiskFull, failure.Error);
        Assert.Null(folder.Store.Blobs.LengthOf(Digest.Of(big)));
        Assert.Equal(small.Files.Select(static layer => layer.Digest.FileName).Order(StringComparer.Ordinal), folder.BlobNames);
        Assert.InRange(folder.Store.FreeBytes ?? -1, 500_000, 1 << 20);

        // Full to the last block: a manifest has no room either.
        var filler = Path.Combine(folder.Root, "filler");
        Assert.Throws<IOException>(() => File.WriteAllBytes(filler, new byte[2 << 20]));
        failure = Assert.Throws<StoreException>(() => folder.Store.Copy(TemporaryStore.Name("small"), TemporaryStore.Name("other")));
        Assert.Equal(StoreError.DiskFull, failure.Error);
        Assert.Equal("small:latest", Assert.Single(folder.Store.Read().Models).Name.Display);
        folder.AssertWhole();

        // With room again the same calls succeed.
        File.Delete(filler);
        Assert.True(folder.Store.Copy(TemporaryStore.Name("small"), TemporaryStore.Name("other")));
        Assert.Equal(2, folder.Store.Read().Models.Count);
    }
}
