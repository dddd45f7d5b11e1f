using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;
using Microsoft.AspNetCore.Http;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>A model to a real registry and back, with and without tokens.</summary>
public sealed class DebianRegistryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PushAndPull_OpenRegistry_ModelIsTheSame()
    {
        await using var registry = await DebianRegistry.StartAsync(null, Token);
        await AssertThereAndBackAsync(registry.Authority);
    }

    /// <summary>Tokens come from the registry's own address, so a front door answers for both.</summary>
    [Fact]
    public async Task PushAndPull_RegistryWithTokens_ModelIsTheSame()
    {
        await using var front = await LocalRegistry.StartAsync();
        await using var registry = await DebianRegistry.StartAsync($"http://{front.Authority}/token", Token);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var tokens = 0;
        front.OnRequest = async context =>
        {
            if (context.Request.Path == "/token")
            {
                Assert.Equal(DebianRegistry.Service, context.Request.Query["service"]);
                tokens++;
                await context.Response.WriteAsync($"{{\"token\":\"{registry.Token(context.Request.Query["scope"]!)}\"}}", Token);
                return true;
            }

            await ForwardAsync(context, http, registry.Authority);
            return true;
        };
        await AssertThereAndBackAsync(front.Authority);
        Assert.InRange(tokens, 2, 8);
    }

    [Fact]
    public async Task Pull_UnknownModel_DoesNotExist()
    {
        await using var registry = await DebianRegistry.StartAsync(null, Token);
        using var bench = new PullBench();
        var failure = await Assert.ThrowsAsync<RegistryException>(() => bench.PullAsync(Name(registry.Authority), Token));
        Assert.Equal("pull model manifest: file does not exist", failure.Message);
    }

    private static async Task AssertThereAndBackAsync(string authority)
    {
        using var here = new PullBench();
        using var there = new PullBench();
        var name = Name(authority);
        var content = new byte[1_500_000];
        new Random(5).NextBytes(content);
        ManifestLayer[] layers = [here.Store.Blobs.Add(content, LayerTypes.Model), here.Store.Blobs.Add(content.AsSpan(1, 3000), LayerTypes.Projector)];
        var manifest = ModelManifest.Create(here.Store.Blobs.Add("{}"u8, LayerTypes.Config), layers);
        here.Store.Write(name, manifest);
        for (var round = 0; round < 2; round++)
        {
            var statuses = new List<string>();
            await here.Pusher.PushAsync(
                here.Store.Find(name)!,
                isInsecure: true,
                progress =>
                {
                    statuses.Add(progress.Status);
                    return ValueTask.CompletedTask;
                },
                Token);
            Assert.Equal(["retrieving manifest", "success"], new[] { statuses[0], statuses[^1] });
        }

        await there.PullAsync(name, Token);
        there.AssertPulled(name, manifest);
    }

    private static ModelName Name(string authority) => ModelName.TryFromParts(authority, "some", "eye", "7b", out var name) ? name : throw new ArgumentException(authority, nameof(authority));

    private static async Task ForwardAsync(HttpContext context, HttpClient http, string authority)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"http://{authority}{context.Request.Path}{context.Request.QueryString}");
        request.Content = context.Request.Method is "PUT" or "POST" or "PATCH" ? new StreamContent(context.Request.Body) : null;
        foreach (var (name, values) in context.Request.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (name != "Transfer-Encoding")
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        if (context.Request.Method != "HEAD")
        {
            await response.Content.CopyToAsync(context.Response.Body, Token);
        }
    }
}
