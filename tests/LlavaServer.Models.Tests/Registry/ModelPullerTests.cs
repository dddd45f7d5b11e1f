using System.Net;
using System.Text;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;
using Microsoft.AspNetCore.Http;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>Pulls from a registry that behaves, and from ones that do not.</summary>
public sealed class ModelPullerTests
{
    private const int Bytes = 1_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pull_Model_StoredByteForByteStepByStep()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        var name = registry.Name("latest");
        var statuses = await bench.PullAsync(name, Token);

        bench.AssertPulled(name, manifest);
        Assert.Equal(
            ["pulling manifest", .. manifest.Files.Select(static file => "pulling " + file.Digest.Hex[..12]), "verifying sha256 digest", "writing manifest", "success"],
            statuses);
        Assert.Equal(manifest.SizeBytes, registry.BytesSent);
        Assert.InRange(registry.Requests.Count(static request => request.Path.Contains("blobs", StringComparison.Ordinal)), 10, 20);

        await bench.PullAsync(name, Token);
        Assert.Equal(manifest.SizeBytes, registry.BytesSent);
    }

    [Fact]
    public async Task Pull_NewVersion_FilesOfTheFormerGoAway()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var former = registry.Put("latest", 5000, seed: 1);
        await bench.PullAsync(registry.Name("latest"), Token);
        var manifest = registry.Put("latest", 5000, seed: 2);
        var statuses = await bench.PullAsync(registry.Name("latest"), Token);

        Assert.Equal(["removing unused layers", "success"], statuses[^2..]);
        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.Null(bench.Store.Blobs.LengthOf(former.Layers[0].Digest));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Pull_BlobsElsewhere_FollowedWithoutTheToken(int status)
    {
        await using var registry = await LocalRegistry.StartAsync();
        await using var other = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        foreach (var (digest, content) in registry.Blobs)
        {
            other.Blobs[digest] = content;
        }

        registry.OnRequest = context => AskForToken(context, registry, context =>
        {
            if (!context.Request.Path.Value!.Contains("blobs", StringComparison.Ordinal))
            {
                return false;
            }

            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"http://{other.Authority}/elsewhere/blobs/{context.Request.Path.Value.Split('/')[^1]}?signed=1";
            return true;
        });
        await bench.PullAsync(registry.Name("latest"), Token);

        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.All(other.Requests, static request => Assert.Equal("", request.Authorization));
        Assert.Contains(registry.Requests, static request => request.Authorization == "Bearer secret");
        Assert.Equal(0, registry.BytesSent);
    }

    [Fact]
    public async Task STO7_RealmOfAStranger_IsNotAsked()
    {
        await using var registry = await LocalRegistry.StartAsync();
        await using var stranger = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        registry.Put("latest", 100);
        registry.OnRequest = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{stranger.Authority}/token\",service=\"s\",scope=\"repository:some/eye:pull\"";
            return Task.FromResult(true);
        };
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));

        Assert.Contains("another host", failure.Message, StringComparison.Ordinal);
        Assert.Empty(stranger.Requests);
    }

    [Fact]
    public async Task STO8_PublicRegistryLeadsInside_IsRefused()
    {
        await using var registry = await LocalRegistry.StartAsync("127.0.0.1");
        await using var inside = await LocalRegistry.StartAsync("127.0.0.2");
        using var bench = new PullBench(static address => address.Equals(IPAddress.Loopback));
        registry.Put("latest", 100);
        registry.OnRequest = context =>
        {
            context.Response.Redirect($"http://{inside.Authority}/secret");
            return Task.FromResult(true);
        };
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));

        Assert.Contains("inside this network", failure.Message, StringComparison.Ordinal);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task Pull_RegistryWithoutRanges_WholeFile()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        var cuts = 2;
        registry.CutAfter = context => context.Request.Path.Value!.Contains(manifest.Layers[0].Digest.Hex, StringComparison.Ordinal) && cuts-- > 0 ? 300_000 : null;
        registry.OnRequest = context =>
        {
            context.Request.Headers.Remove("Range");
            return Task.FromResult(false);
        };
        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);
    }

    [Theory]
    [InlineData("bytes 0-99999/1000000")]
    [InlineData("bytes 7-100006/1000000")]
    [InlineData("bytes 0-99999/5")]
    public async Task STO9_WrongContentRange_IsNeverWritten(string range)
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        registry.Put("latest", Bytes);
        registry.OnRequest = async context =>
        {
            if (context.Request.Headers.Range.Count == 0)
            {
                return false;
            }

            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = range;
            await context.Response.Body.WriteAsync(new byte[100_000], Token);
            return true;
        };
        await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.Null(bench.Store.Find(registry.Name("latest")));
    }

    [Fact]
    public async Task STO9_WrongByte_NothingVisibleAndTheNextPullIsWhole()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        var content = registry.Blobs[manifest.Layers[0].Digest.ToString()];
        for (var part = 0; part < 3; part++)
        {
            content[part * 350_000] ^= 1;
            var failure = await Assert.ThrowsAsync<StoreException>(() => bench.PullAsync(registry.Name("latest"), Token));
            Assert.Equal(StoreError.DigestMismatch, failure.Error);
            Assert.Null(bench.Store.Blobs.LengthOf(manifest.Layers[0].Digest));
            content[part * 350_000] ^= 1;
        }

        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);
    }

    [Fact]
    public async Task STO12_ConnectionsCutAllTheTime_ResumedWhereTheyWere()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        registry.CutAfter = static _ => 30_000;
        await bench.PullAsync(registry.Name("latest"), Token);

        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.InRange(registry.BytesSent, manifest.SizeBytes, 2 * manifest.SizeBytes);
    }

    [Fact]
    public async Task STO12_NothingComes_GivesUpAndKeepsWhatIsThere()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        var served = 0;
        registry.CutAfter = _ => Interlocked.Increment(ref served) <= 5 ? 60_000 : 0;
        await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.InRange(registry.BytesSent, 200_000, 400_000);

        registry.CutAfter = static _ => null;
        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.InRange(registry.BytesSent, manifest.SizeBytes, manifest.SizeBytes + 300_000);
    }

    [Fact]
    public async Task STO12_ConnectionThatStalls_IsMadeAgain()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", 300_000);
        var chunks = 0;
        var stalled = new TaskCompletionSource();
        registry.OnChunk = () => Interlocked.Increment(ref chunks) == 8 ? stalled.Task : Task.CompletedTask;
        await bench.PullAsync(registry.Name("latest"), Token);
        stalled.SetResult();
        bench.AssertPulled(registry.Name("latest"), manifest);
    }

    [Fact]
    public async Task STO13_ManyCallers_OneDownloadThatEndsWithTheLast()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        var gate = new TaskCompletionSource();
        registry.OnChunk = () => gate.Task;
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var leavers = Enumerable.Range(0, 10).Select(_ => bench.PullAsync(registry.Name("latest"), leave.Token)).ToArray();
        var stayers = Enumerable.Range(0, 10).Select(_ => bench.PullAsync(registry.Name("latest"), Token)).ToArray();
        while (registry.Requests.Count(static request => request.Path.Contains("manifests", StringComparison.Ordinal)) < 20)
        {
            await Task.Delay(5, Token);
        }

        await leave.CancelAsync();
        foreach (var leaver in leavers)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        }

        gate.SetResult();
        await Task.WhenAll(stayers);
        bench.AssertPulled(registry.Name("latest"), manifest);
        Assert.Equal(manifest.SizeBytes, registry.BytesSent);
    }

    [Fact]
    public async Task STO10_CallerLeavesAndComesAgain_NothingIsSentTwice()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        var manifest = registry.Put("latest", Bytes);
        for (var round = 1; round <= 4; round++)
        {
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var wanted = round * 200_000;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.PullAsync(
                registry.Name("latest"),
                progress =>
                {
                    if (progress.Completed >= wanted)
                    {
                        leave.Cancel();
                    }
                },
                leave.Token));
            Assert.Null(bench.Store.Find(registry.Name("latest")));
        }

        await bench.PullAsync(registry.Name("latest"), Token);
        bench.AssertPulled(registry.Name("latest"), manifest);

        // What was on its way when the caller left is lost: a few chunks of each of four parts, each time.
        Assert.InRange(registry.BytesSent, manifest.SizeBytes, manifest.SizeBytes + (4 * 4 * 100_000));
    }

    [Theory]
    [InlineData("missing", "pull model manifest: file does not exist")]
    [InlineData("{}", "what is there is no model")]
    [InlineData("[]", "not usable")]
    [InlineData("""{"layers":[{"digest":"sha256:xyz","size":1}]}""", "not usable")]
    [InlineData("""{"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9223372036854775808}]}""", "not usable")]
    [InlineData("""{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9223372036854775807}]}""", "no space left")]
    [InlineData("""{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":5}]}""", "does not exist in the registry")]
    public async Task STO6_ManifestThatIsNone_RefusedAndNothingStored(string text, string error)
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        if (text != "missing")
        {
            registry.Manifests["latest"] = Encoding.UTF8.GetBytes(text);
        }

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.True(failure is RegistryException or StoreException, failure.ToString());
        Assert.Contains(error, failure.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Store.Read().Models);
    }

    [Fact]
    public async Task STO6_HugeManifest_IsNotRead()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        registry.Manifests["latest"] = new byte[20 << 20];
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.Contains("more than", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<bool> AskForToken(HttpContext context, LocalRegistry registry, Func<HttpContext, bool> then)
    {
        if (context.Request.Path == "/token")
        {
            Assert.Equal("?scope=repository%3Asome%2Feye%3Apull&scope=repository%3Aother%3Apull&service=the%20service", context.Request.QueryString.Value);
            await context.Response.WriteAsync("{\"token\":\"secret\"}", Token);
            return true;
        }

        if (context.Request.Headers.Authorization != "Bearer secret")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"http://{registry.Authority}/token\",service=\"the service\",scope=\"repository:some/eye:pull repository:other:pull\"";
            return true;
        }

        return then(context);
    }
}
