using System.Text;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TemporaryStore _folder = new();

    private ModelStore Store => _folder.Store;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_NoFolder_IsEmpty()
    {
        var store = new ModelStore(Path.Combine(_folder.Root, "not", "there"));
        Assert.Empty(store.Read().Models);
        Assert.Null(store.Find(TemporaryStore.Name("x")));
        Assert.Equal(0, store.Prune(DateTimeOffset.UtcNow).Count);
        Assert.False(Directory.Exists(Path.Combine(_folder.Root, "not")));
    }

    [Fact]
    public void Read_HandWrittenStore_KeepsEveryByte()
    {
        // As Ollama lays it out; the manifest has spaces and a field that we do not know.
        var model = Put("weights");
        var manifest = Encoding.UTF8.GetBytes($$"""{ "schemaVersion":2, "extra":true, "config":{"digest":"{{Put("{}")}}","size":2}, "layers":[{"mediaType":"{{LayerTypes.Model}}","digest":"{{model}}","size":7}]}""");
        var path = _folder.ManifestPath("registry.ollama.ai", "library", "LLaVA", "7b");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, manifest);
        var found = Store.Find(TemporaryStore.Name("llava:7B"))!;
        Assert.Equal("LLaVA:7b", found.Name.Display);
        Assert.Equal(manifest, found.Manifest.Bytes.ToArray());
        Assert.Equal(File.GetLastWriteTimeUtc(path), found.ModifiedAt.UtcDateTime);
        Assert.True(Store.Copy(found.Name, TemporaryStore.Name("other/copy")));
        Assert.Equal(manifest, File.ReadAllBytes(_folder.ManifestPath("registry.ollama.ai", "other", "copy", "latest")));
    }

    [Fact]
    public void Write_OtherSpelling_ReplacesTheExistingOne()
    {
        _folder.Create("User/LLaVA:Big", "a");
        var second = _folder.Create("user/llava:big", "b");
        var model = Assert.Single(Store.Read().Models);
        Assert.Equal("User/LLaVA:Big", model.Name.Display);
        Assert.Equal(second.Digest, model.Manifest.Digest);
        _folder.Create("user/llava:small", "c");
        Assert.Equal(["User/LLaVA:Big", "User/LLaVA:small"], Store.Read().Models.Select(static stored => stored.Name.Display));
    }

    [Fact]
    public void Write_BlobMissingOrOfAnotherSize_IsRefused()
    {
        var manifest = _folder.Create("a", "text");
        var layer = manifest.Layers[0];
        var wrong = ModelManifest.Create(manifest.Config!, [layer with { Size = 3 }]);
        Assert.Equal(StoreError.MissingBlob, Assert.Throws<StoreException>(() => Store.Write(TemporaryStore.Name("b"), wrong)).Error);
        File.Delete(Store.Blobs.PathOf(layer.Digest));
        Assert.Equal(StoreError.MissingBlob, Assert.Throws<StoreException>(() => Store.Write(TemporaryStore.Name("b"), manifest)).Error);
        Assert.Null(Store.Find(TemporaryStore.Name("b")));
    }

    [Fact]
    public void Copy_OverAnother_RemovesWhatOnlyThatUsed()
    {
        var first = _folder.Create("first", "one", "shared");
        var second = _folder.Create("second", "two", "shared");
        Assert.True(Store.Copy(TemporaryStore.Name("FIRST"), TemporaryStore.Name("second")));
        Assert.Equal(first.Digest, Store.Find(TemporaryStore.Name("second"))!.Manifest.Digest);
        Assert.Null(Store.Blobs.LengthOf(second.Layers[0].Digest));
        Assert.NotNull(Store.Blobs.LengthOf(second.Layers[1].Digest));
        Assert.False(Store.Copy(TemporaryStore.Name("none"), TemporaryStore.Name("second")));
        Assert.True(Store.Copy(TemporaryStore.Name("first"), TemporaryStore.Name("First")));
        _folder.AssertWhole();
    }

    [Fact]
    public void Delete_SharedBlobs_StayUntilTheirLastModelGoes()
    {
        var first = _folder.Create("ns/first", "one", "shared");
        _folder.Create("second", "two", "shared");
        var removed = Store.Delete(TemporaryStore.Name("NS/First"))!;
        Assert.Equal((1, 3L), (removed.Count, removed.Bytes));
        Assert.NotNull(Store.Blobs.LengthOf(first.Layers[1].Digest));
        Assert.False(Directory.Exists(Path.Combine(_folder.Root, "manifests", "registry.ollama.ai", "ns")));
        Assert.Null(Store.Delete(TemporaryStore.Name("ns/first")));
        Assert.Equal(3, Store.Delete(TemporaryStore.Name("second"))!.Count);
        Assert.Empty(_folder.BlobNames);
        Assert.False(Directory.Exists(Path.Combine(_folder.Root, "manifests", "registry.ollama.ai")));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"layers":[{"digest":"x"}]}""")]
    public void STO15_UnreadableManifest_IsSkippedAndNothingIsPruned(string text)
    {
        var good = _folder.Create("good", "one");
        var bad = _folder.ManifestPath("registry.ollama.ai", "library", "bad", "latest");
        Directory.CreateDirectory(Path.GetDirectoryName(bad)!);
        File.WriteAllText(bad, text);
        var orphan = Store.Blobs.Add("orphan"u8, "").Digest;
        Age(Store.Blobs.PathOf(orphan), TimeSpan.FromDays(30));
        var contents = Store.Read();
        Assert.Equal("good:latest", Assert.Single(contents.Models).Name.Display);
        Assert.Equal("registry.ollama.ai/library/bad/latest", Assert.Single(contents.Unreadable));
        Assert.Throws<StoreException>(() => Store.Find(TemporaryStore.Name("bad")));
        Assert.NotNull(Store.Prune(DateTimeOffset.UtcNow).KeptBecause);
        Assert.NotNull(Store.Delete(TemporaryStore.Name("good"))!.KeptBecause);
        Assert.NotNull(Store.Blobs.LengthOf(good.Layers[0].Digest));
        Assert.NotNull(Store.Blobs.LengthOf(orphan));

        // It can be removed itself, and then the rest goes.
        Assert.NotNull(Store.Delete(TemporaryStore.Name("bad")));
        Assert.Equal(3, Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2)).Count);
    }

    [Fact]
    public void STO15_ForeignFilesAndLinks_AreLeftAlone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        var manifest = _folder.Create("good", "one");
        var library = Path.Combine(_folder.Root, "manifests", "registry.ollama.ai", "library");
        File.WriteAllText(Path.Combine(library, "good", ".DS_Store"), "x");
        File.WriteAllText(Path.Combine(library, "readme.txt"), "x");
        File.WriteAllText(Path.Combine(_folder.BlobFolder, "notes"), "x");
        Assert.Empty(Store.Read().Unreadable);

        // A link to a blob elsewhere is a blob; a link out of the manifests is nothing, but keeps everything.
        var elsewhere = Path.Combine(_folder.Root, "elsewhere");
        File.Move(Store.Blobs.PathOf(manifest.Layers[0].Digest), elsewhere);
        File.CreateSymbolicLink(Store.Blobs.PathOf(manifest.Layers[0].Digest), elsewhere);
        Assert.Equal(3, Store.Blobs.LengthOf(manifest.Layers[0].Digest));
        Directory.CreateSymbolicLink(Path.Combine(library, "out"), "/etc");
        File.CreateSymbolicLink(Path.Combine(library, "good", "dangling"), "/nowhere/at/all");
        File.CreateSymbolicLink(Path.Combine(library, "good", "second"), Path.Combine(library, "good", "latest"));
        var contents = Store.Read();
        Assert.Equal(["good:latest", "good:second"], contents.Models.Select(static model => model.Name.Display));
        Assert.Equal(2, contents.Unreadable.Count);
        Assert.Null(Store.Find(TemporaryStore.Name("out:passwd")));
        Assert.NotNull(Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromDays(30)).KeptBecause);
        Assert.True(File.Exists(Path.Combine(_folder.BlobFolder, "notes")));
        Assert.True(File.Exists(elsewhere));
    }

    [Fact]
    public void Prune_AtAStart_RemovesWhatNobodyNeedsAfterItsTime()
    {
        var manifest = _folder.Create("good", "one");
        var young = Store.Blobs.Add("young"u8, "").Digest;
        var old = Store.Blobs.Add("old"u8, "").Digest;
        Age(Store.Blobs.PathOf(old), TimeSpan.FromMinutes(61));
        Age(Store.Blobs.PathOf(manifest.Layers[0].Digest), TimeSpan.FromDays(400));
        var zeros = "sha256-" + new string('0', 64);
        foreach (var (name, age) in new[] { (zeros + "-partial", 6.9), (zeros + "-partial-0", 30), (zeros.Replace('0', '1') + "-partial", 7.1), (zeros.Replace('0', '1') + "-partial-0", 7.1), (".llava-1.tmp", 0.1), ("unknown", 99) })
        {
            var path = Path.Combine(_folder.BlobFolder, name);
            File.WriteAllText(path, "x");
            Age(path, TimeSpan.FromDays(age));
        }

        Directory.CreateDirectory(Path.Combine(_folder.Root, "manifests", "h", "n", "m"));
        Assert.Equal(4, Store.Prune(DateTimeOffset.UtcNow).Count);
        Assert.Equal(
            new[] { manifest.Layers[0].Digest.FileName, manifest.Config!.Digest.FileName, young.FileName, zeros + "-partial", zeros + "-partial-0", "unknown" }.Order(StringComparer.Ordinal),
            _folder.BlobNames);
        Assert.False(Directory.Exists(Path.Combine(_folder.Root, "manifests", "h")));
        Assert.True(Store.Blobs.Touch(young));
        Assert.Equal(0, Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(50)).Count);
        Assert.Equal(1, Store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromMinutes(61)).Count);
    }

    [Fact]
    public async Task STO14_WhileSomebodyAdds_NoBlobIsRemoved()
    {
        var manifest = _folder.Create("model", "one");
        Task<RemovedBlobs?> deleting;
        using (Store.BeginAdding())
        {
            deleting = Task.Run(() => Store.Delete(TemporaryStore.Name("model")), TestContext.Current.CancellationToken);
            for (var i = 0; Store.Find(TemporaryStore.Name("model")) is not null; i++)
            {
                Assert.True(i < 1000, "The name stays.");
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            Assert.True(Store.Blobs.Touch(manifest.Layers[0].Digest));
            Store.Write(TemporaryStore.Name("again"), manifest);
        }

        Assert.Equal(0, (await deleting)!.Count);
        _folder.AssertWhole();
        Assert.Single(Store.Read().Models);
    }

    [Fact]
    public void STO18_ReadOnly_NeverWrites()
    {
        _folder.Create("model", "one");
        var store = new ModelStore(_folder.Root, isReadOnly: true);
        var name = TemporaryStore.Name("model");
        Assert.NotNull(store.Find(name));
        foreach (var action in new Action[] { () => store.Delete(name), () => store.Copy(name, TemporaryStore.Name("x")), () => store.BeginAdding(), () => store.Prune(DateTimeOffset.UtcNow) })
        {
            var failure = Assert.Throws<StoreException>(action);
            Assert.Equal(StoreError.ReadOnly, failure.Error);
            Assert.Contains("Models:ReadOnly", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RenameOldBlobs_ColonInTheName_BecomesADash()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no colons in file names.");
        var digest = Digest.Of("x"u8);
        Directory.CreateDirectory(_folder.BlobFolder);
        File.WriteAllText(Path.Combine(_folder.BlobFolder, digest.ToString()), "x");
        Store.RenameOldBlobs();
        Assert.Equal(1, Store.Blobs.LengthOf(digest));
    }

    [Fact]
    public async Task STO9_STO16_Blob_WrongDigestOrCancelled_LeavesNothing()
    {
        var wanted = Digest.Of("abc"u8);
        var failure = await Assert.ThrowsAsync<StoreException>(() => Store.Blobs.AddAsync(new MemoryStream("abd"u8.ToArray()), wanted, TestContext.Current.CancellationToken));
        Assert.Equal(StoreError.DigestMismatch, failure.Error);
        Assert.Equal($"digest mismatch, expected \"{wanted}\", got \"{Digest.Of("abd"u8)}\"", failure.Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.Blobs.AddAsync(new MemoryStream("abc"u8.ToArray()), wanted, new CancellationToken(true)));
        Assert.Empty(_folder.BlobNames);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Store.Blobs.AddAsync(new MemoryStream("abc"u8.ToArray()), wanted, TestContext.Current.CancellationToken))));
        Assert.Equal([wanted.FileName], _folder.BlobNames);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(Store.Blobs.PathOf(wanted)));
        }
    }

    private string Put(string text)
    {
        var digest = Digest.Of(Encoding.UTF8.GetBytes(text));
        Directory.CreateDirectory(_folder.BlobFolder);
        File.WriteAllText(Path.Combine(_folder.BlobFolder, digest.FileName), text);
        return digest.ToString();
    }

    private static void Age(string path, TimeSpan age)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - age);
    }
}
