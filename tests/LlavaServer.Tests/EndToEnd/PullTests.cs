using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;
using OllamaSharp;
using OllamaSharp.Models;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The real server pulls the bundled model's files from a registry on loopback, answers with them, and pushes them to another name.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class PullTests : IAsyncLifetime
{
    private static readonly string s_picture = Convert.ToBase64String(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Pictures", "circle-and-square.png")));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-store-");
    private LocalRegistry? _registry;
    private ServerProcess? _server;
    private HttpClient? _client;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LocalRegistry Registry => _registry!;

    private HttpClient Client => _client!;

    public async ValueTask InitializeAsync()
    {
        _registry = await LocalRegistry.StartAsync();
        _server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["LLAVA_MODELS"] = _folder.FullName }, "--threads", "2");
        _client = new HttpClient { BaseAddress = _server.Address };
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await _server!.DisposeAsync();
        await Registry.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Pull_ByOllamaSharp_ModelSeesAtOnce()
    {
        PutBundledModel();
        var name = Registry.Name("latest").Full;
        using var ollama = new OllamaApiClient(_server!.Address);
        var statuses = new List<PullModelResponse?>();
        await foreach (var status in ollama.PullModelAsync(new PullModelRequest { Model = name, Insecure = true }, Token))
        {
            statuses.Add(status);
        }

        Assert.Equal(("pulling manifest", "success"), (statuses[0]!.Status, statuses[^1]!.Status));
        Assert.Contains(statuses, static status => status!.Status.StartsWith("pulling ", StringComparison.Ordinal) && status.Completed == status.Total && status.Total > 1_000_000);
        Assert.Contains(await ollama.ListLocalModelsAsync(Token), model => model.Name == name);

        Assert.Equal(await AskAsync("llava-mini"), await AskAsync(name));
    }

    [Fact]
    public async Task Pull_Mistakes_AreTold()
    {
        // What is wrong before the first line keeps its status, what comes later is a line of its own.
        Assert.Equal((HttpStatusCode.BadRequest, "{\"error\":\"invalid model name\"}"), await PullAsync(new { model = "a b" }));
        Assert.Equal((HttpStatusCode.BadRequest, "{\"error\":\"invalid model name\"}"), await PullAsync(new { }));
        Assert.Equal((HttpStatusCode.BadRequest, "{\"error\":\"invalid model name\"}"), await PullAsync(new { model = $"hf.co/user/{new string('r', 81)}:Q4_K_M" }));
        Assert.Equal(HttpStatusCode.BadRequest, (await PullAsync(new { model = "llava-mini" })).Status);
        Assert.Equal(
            (HttpStatusCode.OK, "{\"status\":\"pulling manifest\"}\n{\"error\":\"pull model manifest: file does not exist\"}\n"),
            await PullAsync(new { model = Registry.Name("nothing").Full, insecure = true }));
        Assert.Equal(
            (HttpStatusCode.InternalServerError, "{\"error\":\"pull model manifest: file does not exist\"}"),
            await PullAsync(new { model = Registry.Name("nothing").Full, insecure = true, stream = false }));
        Assert.Contains("cannot be reached", (await PullAsync(new { model = Registry.Name("nothing").Full, stream = false })).Body, StringComparison.Ordinal);
    }

    /// <summary>A name of the Hugging Face hub that no resolver here knows: only the proxy of the environment leads to it.</summary>
    [Theory]
    [InlineData("HTTP_PROXY", "hf.co", true)]
    [InlineData("http_proxy", "hf.co", true)]
    [InlineData("HTTP_PROXY", "hub.invalid", false)]
    public async Task Pull_ThroughTheProxyOfTheEnvironment_UnlessItSaysOtherwise(string variable, string host, bool isReached)
    {
        PutBundledModel();
        var store = Path.Combine(_folder.FullName, "of the other");
        var asked = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Registry.OnRequest = context =>
        {
            asked.Enqueue(context.Request.Host.Value!);
            return Task.FromResult(false);
        };
        await using var server = await ServerProcess.StartAsync(new Dictionary<string, string>
        {
            ["OLLAMA_MODELS"] = $"\"{store}\"",
            ["LLAVA_MODELS"] = "",
            [variable] = $"http://{Registry.Authority}",
            ["NO_PROXY"] = "hub.invalid",
        });
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server.Address };
        using var response = await client.PostAsJsonAsync("api/pull", new { model = $"{host}/some/eye:latest", insecure = true, stream = false }, Token);
        Assert.Equal(isReached ? HttpStatusCode.OK : HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(isReached, !asked.IsEmpty);
        Assert.All(asked, asked => Assert.Equal(host, asked));
        Assert.Equal(isReached, File.Exists(Path.Combine(store, "manifests", host, "some", "eye", "latest")));
    }

    [Fact]
    public async Task Pull_CallerLeaves_DownloadEndsAndIsResumed()
    {
        PutBundledModel();
        var name = Registry.Name("latest").Full;
        Registry.OnChunk = () => Task.Delay(Registry.BytesSent < 1_000_000 ? 2 : 200);
        using (var leave = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            var pulling = Client.PostAsJsonAsync("api/pull", new { model = name, insecure = true, stream = false }, leave.Token);
            while (Registry.BytesSent < 1_000_000)
            {
                await Task.Delay(5, Token);
            }

            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pulling);
            while (Registry.Sending > 0)
            {
                await Task.Delay(5, Token);
            }
        }

        Registry.OnChunk = static () => Task.CompletedTask;
        Assert.Equal((HttpStatusCode.OK, "{\"status\":\"success\"}"), await PullAsync(new { model = name, insecure = true, stream = false }));
        Assert.Matches("^bytes=[1-9][0-9]{4,}-", Assert.Single(Registry.Ranges));
    }

    [Fact]
    public async Task Push_UnknownModelAndUnwillingRegistry_AreTold()
    {
        using var unknown = await Client.PostAsJsonAsync("api/push", new { model = "nobody" }, Token);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        var name = Registry.Name("mini").Full;
        using var copied = await Client.PostAsJsonAsync("api/copy", new { source = "llava-mini", destination = name }, Token);
        Assert.True(copied.IsSuccessStatusCode);
        using var pushed = await Client.PostAsJsonAsync("api/push", new { model = name, insecure = true }, Token);
        var lines = (await pushed.Content.ReadAsStringAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("{\"status\":\"retrieving manifest\"}", lines[0]);
        Assert.Equal("{\"error\":\"the registry answers 404 to an upload\"}", lines[^1]);
    }

    private async Task<string> AskAsync(string model)
    {
        var question = new { model, prompt = "What color is the square?", images = new[] { s_picture }, stream = false, options = new { temperature = 0 } };
        using var response = await Client.PostAsJsonAsync("api/generate", question, Token);
        var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync(Token)).GetProperty("response").GetString()!;
        Assert.StartsWith("The square is", answer, StringComparison.Ordinal);
        return answer;
    }

    private void PutBundledModel()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "BundledModel");
        ManifestLayer[] layers =
        [
            Registry.Put(File.ReadAllBytes(Path.Combine(folder, "llava-mini.gguf")), LayerTypes.Model),
            Registry.Put(File.ReadAllBytes(Path.Combine(folder, "llava-mini-mmproj.gguf")), LayerTypes.Projector),
        ];
        Registry.Manifests["latest"] = ModelManifest.Create(Registry.Put("{}"u8.ToArray(), LayerTypes.Config), layers).Bytes.ToArray();
    }

    private async Task<(HttpStatusCode Status, string Body)> PullAsync(object request)
    {
        using var response = await Client.PostAsJsonAsync("api/pull", request, Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }
}
