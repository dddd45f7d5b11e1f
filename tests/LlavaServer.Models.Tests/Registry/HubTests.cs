using System.Net;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;
using Microsoft.AspNetCore.Http;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>Pulls of <c>hf.co/user/repository:quantization</c> from a server that answers as the Hugging Face hub does, reached as its proxy.</summary>
public sealed class HubTests
{
    private const string Repository = "Some.One-GGUF";
    private const string Cdn = "cdn-lfs.hf.co";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("hf.co", 302, "Q4_K_M")]
    [InlineData("hf.co", 307, "q4_k_m")]
    [InlineData("huggingface.co", 302, "llava-Q4_K_M.gguf")]
    [InlineData("hf.co", 307, "latest")]
    public async Task Pull_Quantization_BlobsFromAnotherHostWithoutTheToken(string host, int status, string tag)
    {
        await using var hub = await LocalRegistry.StartAsync();
        using var bench = Bench(hub);
        var manifest = hub.Put("any", 500_000);
        Answer(hub, status);
        var name = Name($"{host}/user/{Repository}:{tag}");
        await bench.PullAsync(name, Token);

        bench.AssertPulled(name, manifest);
        Assert.Equal(manifest.Bytes.ToArray(), await File.ReadAllBytesAsync(Path.Combine(bench.Temporary.Root, "manifests", host, "user", Repository, tag), Token));
        Assert.Equal($"{host}/user/{Repository}:{tag}", Assert.Single(bench.Store.Read().Models).Name.Display);
        Assert.Contains(hub.Requests, static request => request.Path.Contains("manifests", StringComparison.Ordinal) && request.Authorization == "Bearer secret");
        Assert.All(hub.Requests.Where(static request => request.Path.StartsWith("/signed", StringComparison.Ordinal)), static request => Assert.Equal("", request.Authorization));
        Assert.Equal(manifest.SizeBytes, hub.BytesSent);
    }

    [Fact]
    public async Task Pull_QuantizationInAnotherCase_IsTheSameModel()
    {
        await using var hub = await LocalRegistry.StartAsync();
        using var bench = Bench(hub);
        hub.Put("any", 5000);
        Answer(hub, 302);
        await bench.PullAsync(Name($"hf.co/user/{Repository}:Q4_K_M"), Token);
        await bench.PullAsync(Name($"HF.co/User/{Repository}:q4_k_m"), Token);
        Assert.Equal($"hf.co/user/{Repository}:Q4_K_M", Assert.Single(bench.Store.Read().Models).Name.Display);
    }

    [Theory]
    [InlineData("""{"error":"The specified repository contains sharded GGUF."}""", "pull model manifest: the registry answers 400: The specified repository contains sharded GGUF.")]
    [InlineData("""{"errors":[{"code":"X","message":"The specified tag\nis not available."}]}""", "pull model manifest: the registry answers 400: The specified tag is not available.")]
    [InlineData("<html>", "pull model manifest: the registry answers 400")]
    [InlineData("""{"error":{"secret":1}}""", "pull model manifest: the registry answers 400")]
    public async Task Pull_HubRefuses_ItsReasonIsTold(string body, string error)
    {
        await using var hub = await LocalRegistry.StartAsync();
        using var bench = Bench(hub);
        hub.OnRequest = context => RefuseAsync(context, body);
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(Name("hf.co/user/split:latest"), Token));
        Assert.Equal(error, failure.Message);
    }

    [Fact]
    public async Task STO8_RegistryInsideRefuses_IsNotQuoted()
    {
        await using var registry = await LocalRegistry.StartAsync();
        using var bench = new PullBench();
        registry.OnRequest = static context => RefuseAsync(context, """{"error":"the password is 1234"}""");
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(registry.Name("latest"), Token));
        Assert.Equal("pull model manifest: the registry answers 400", failure.Message);
    }

    [Theory]
    [InlineData("hf.co", "evil.example")]
    [InlineData("hf.co", "hf.co.evil.example")]
    [InlineData("other.example", "huggingface.co")]
    public async Task STO7_RealmBesideTheAlias_IsNotAsked(string host, string realm)
    {
        await using var hub = await LocalRegistry.StartAsync();
        using var bench = Bench(hub);
        hub.OnRequest = context =>
        {
            Challenge(context, realm);
            return Task.FromResult(true);
        };
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(Name($"{host}/user/eye:latest"), Token));
        Assert.Contains("token of another host", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(hub.Requests, static request => request.Path == "/token");
    }

    [Theory]
    [InlineData(80, 80, true)]
    [InlineData(81, 80, false)]
    [InlineData(80, 81, false)]
    public void TryParse_LongNamesOfTheHub_AreNone(int user, int repository, bool isName) =>
        Assert.Equal(isName, ModelName.TryParse($"hf.co/{new string('u', user)}/{new string('r', repository)}:Q8_0", out _));

    private static PullBench Bench(LocalRegistry hub) => new(proxy: new WebProxy($"http://{hub.Authority}"));

    private static ModelName Name(string text) => ModelName.TryParse(text, out var name) ? name : throw new ArgumentException(text, nameof(text));

    // One model under every tag; a token from the hub's other name; each blob at a signed address of another host.
    private static void Answer(LocalRegistry hub, int status) => hub.OnRequest = async context =>
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Path.Value!;
        if (path == "/token")
        {
            await response.WriteAsync("{\"token\":\"secret\"}", Token);
            return true;
        }

        if (path.StartsWith("/signed/", StringComparison.Ordinal))
        {
            Assert.Equal(Cdn, request.Host.Value);
            return false;
        }

        if (request.Headers.Authorization != "Bearer secret")
        {
            Challenge(context, request.Host.Value!.Equals("hf.co", StringComparison.OrdinalIgnoreCase) ? "huggingface.co" : "hf.co");
            return true;
        }

        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            await response.Body.WriteAsync(hub.Manifests["any"], Token);
            return true;
        }

        response.StatusCode = status;
        response.Headers.Location = $"http://{Cdn}/signed/blobs/{path.Split('/')[^1]}?expires=1";
        return true;
    };

    private static void Challenge(HttpContext context, string realm)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{realm}/token\",service=\"{realm}\",scope=\"repository:user/eye:pull\"";
    }

    private static async Task<bool> RefuseAsync(HttpContext context, string body)
    {
        context.Response.StatusCode = 400;
        await context.Response.WriteAsync(body, Token);
        return true;
    }
}
