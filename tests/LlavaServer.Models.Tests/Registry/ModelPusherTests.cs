using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>Pushes to registries that take parts themselves, have them sent elsewhere, have the file already, want a token, or refuse.</summary>
public sealed class ModelPusherTests
{
    private const int Bytes = 1_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(false, true, 0)]
    [InlineData(true, false, 0)]
    [InlineData(true, true, 0)]
    [InlineData(true, false, 3)]
    public async Task Push_ToAnEmptyRegistry_ItHasAllAndAPullGivesTheSame(bool isDirect, bool asksForTokens, int failures)
    {
        await using var registry = await LocalRegistry.StartAsync();
        await using var direct = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var uploads = new UploadRegistry(registry) { Direct = isDirect ? direct.Authority : null, AsksForTokens = asksForTokens, Failures = failures };
        var manifest = Store(bench, registry.Name("latest"), from: null);
        registry.OnRequest = uploads.AnswerAsync;
        direct.OnRequest = uploads.AnswerDirectAsync;
        var completed = await PushAsync(bench, registry.Name("latest"));

        Assert.Equal(manifest.Bytes.ToArray(), registry.Manifests["latest"]);
        Assert.Equal(manifest.Files.Select(static file => file.Digest.ToString()).Order(), registry.Blobs.Keys.Order());
        Assert.Equal(12, uploads.Parts.Count);
        Assert.All(manifest.Files, file => Assert.Equal(file.Size, completed[file.Digest]));
        Assert.All(uploads.Beginnings, static query => Assert.Equal("", query));
        Assert.Equal(!isDirect, direct.Requests.IsEmpty);

        using var other = new PullBench();
        await other.PullAsync(registry.Name("latest"), Token);
        other.AssertPulled(registry.Name("latest"), manifest);
        var before = uploads.Beginnings.Count;
        await PushAsync(bench, registry.Name("latest"));
        Assert.Equal(before, uploads.Beginnings.Count);
    }

    [Theory]
    [InlineData("{0}/base/model:7b", "base/model", 2)]
    [InlineData("{0}/base/model:7b", null, 3)]
    [InlineData("another.example/secret/model:7b", "secret/model", 3)]
    [InlineData("no name at all", "x", 3)]
    public async Task Push_FileOfAnotherModel_TakenOverWhereTheRegistryHasIt(string from, string? mounts, int uploaded)
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var uploads = new UploadRegistry(registry) { Mounts = mounts };
        var source = string.Format(System.Globalization.CultureInfo.InvariantCulture, from, registry.Authority);
        var manifest = Store(bench, registry.Name("latest"), source);
        registry.OnRequest = uploads.AnswerAsync;
        await PushAsync(bench, registry.Name("latest"));

        Assert.Equal(uploaded, registry.Blobs.Count);
        var isAsked = source.StartsWith(registry.Authority, StringComparison.Ordinal);
        Assert.Equal(
            isAsked ? 1 : 0,
            uploads.Beginnings.Count(query => query == $"?mount={Uri.EscapeDataString(manifest.Layers[0].Digest.ToString())}&from=base%2Fmodel"));
        Assert.DoesNotContain(uploads.Beginnings, static query => query.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Push_RegistryThatFails_SaysSo()
    {
        await using var registry = await LocalRegistry.StartAsync();
        await using var direct = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var uploads = new UploadRegistry(registry) { Direct = direct.Authority, Failures = int.MaxValue };
        Store(bench, registry.Name("latest"), from: null);
        registry.OnRequest = uploads.AnswerAsync;
        direct.OnRequest = uploads.AnswerDirectAsync;
        var failure = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(bench, registry.Name("latest")));
        Assert.Equal("the registry answers 503 to a part of a file", failure.Message);
        Assert.Equal(PullBench.Options.Attempts, direct.Requests.Count);

        registry.OnRequest = static context =>
        {
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        failure = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(bench, registry.Name("latest")));
        Assert.Equal("you are not authorized to push to this registry", failure.Message);
        Assert.False(registry.Manifests.ContainsKey("latest"));
    }

    [Fact]
    public async Task Push_FileIsMissing_NothingIsBegun()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var uploads = new UploadRegistry(registry);
        var manifest = Store(bench, registry.Name("latest"), from: null);
        var model = bench.Store.Find(registry.Name("latest"))!;
        File.Delete(bench.Store.Blobs.PathOf(manifest.Layers[0].Digest));
        registry.OnRequest = uploads.AnswerAsync;
        var failure = await Assert.ThrowsAsync<StoreException>(() => bench.Pusher.PushAsync(model, isInsecure: true, static _ => ValueTask.CompletedTask, Token));
        Assert.Equal(StoreError.MissingBlob, failure.Error);
        Assert.Empty(uploads.Beginnings);
    }

    private static ModelManifest Store(PullBench bench, ModelName name, string? from)
    {
        var content = new byte[Bytes];
        new Random(7).NextBytes(content);
        var model = bench.Store.Blobs.Add(content, LayerTypes.Model) with { From = from };
        var manifest = ModelManifest.Create(bench.Store.Blobs.Add("{}"u8, LayerTypes.Config), [model, bench.Store.Blobs.Add(content.AsSpan(3, 5000), LayerTypes.Projector)]);
        bench.Store.Write(name, manifest);
        return manifest;
    }

    // What was reported of each file; it never runs backwards.
    private static async Task<Dictionary<Digest, long>> PushAsync(PullBench bench, ModelName name)
    {
        var completed = new Dictionary<Digest, long>();
        await bench.Pusher.PushAsync(
            bench.Store.Find(name)!,
            isInsecure: true,
            progress =>
            {
                if (progress.Digest is { } digest)
                {
                    Assert.InRange(progress.Completed, completed.GetValueOrDefault(digest), progress.Total);
                    completed[digest] = progress.Completed;
                }

                return ValueTask.CompletedTask;
            },
            Token);
        return completed;
    }
}
