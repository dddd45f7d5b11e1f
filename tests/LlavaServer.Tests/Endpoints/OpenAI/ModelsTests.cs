using System.ClientModel;
using System.Net;
using System.Text.Json;
using LlavaServer.Inference.Loading;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenAI;
using OpenAI.Models;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Lists of models, by hand and through the official client.</summary>
public sealed class ModelsTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_HasEveryMemberOfTheContract()
    {
        using var document = JsonDocument.Parse(await server.Server.Client.GetStringAsync("/v1/models", Cancelled));
        Assert.Equal("list", document.RootElement.GetProperty("object").GetString());
        var data = document.RootElement.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(["blind", "eye"], data.Select(static model => model.GetProperty("id").GetString()));
        var eye = data[1];
        Assert.Equal(
            ["id", "object", "created", "owned_by", "shutdown_date", "meta", "architecture", "capabilities", "aliases"],
            eye.EnumerateObject().Select(static member => member.Name));
        Assert.Equal(
            ["n_ctx", "n_ctx_train", "n_vocab", "n_embd", "n_params", "size", "ftype"], eye.GetProperty("meta").EnumerateObject().Select(static member => member.Name));
        Assert.Equal("[\"text\",\"image\"]", eye.GetProperty("architecture").GetProperty("input_modalities").GetRawText());
        Assert.Equal("[\"text\"]", data[0].GetProperty("architecture").GetProperty("input_modalities").GetRawText());
        Assert.Equal("[\"completion\",\"vision\",\"embedding\"]", eye.GetProperty("capabilities").GetRawText());
        Assert.Equal("[\"eye:latest\"]", eye.GetProperty("aliases").GetRawText());
        Assert.Equal(260, eye.GetProperty("meta").GetProperty("n_vocab").GetInt32());
        Assert.True(eye.GetProperty("created").GetInt64() > 1_700_000_000);
    }

    [Theory]
    [InlineData("/v1/models/eye", 200)]
    [InlineData("/v1/models/eye:latest", 200)]
    [InlineData("/v1/models/EYE", 200)]
    [InlineData("/models/eye%3Alatest", 200)]
    [InlineData("/v1/models/library%2Feye", 200)]
    [InlineData("/v1/models/library/eye", 200)]
    [InlineData("/v1/models/user%2Feye", 404)]
    [InlineData("/v1/models/user/eye", 404)]
    [InlineData("/v1/models/none", 404)]
    public async Task Get_ById_EntryOrNotFound(string path, int status)
    {
        using var response = await server.Server.Client.GetAsync(path, Cancelled);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 404)
        {
            await ErrorAssert.IsAsync(response, HttpStatusCode.NotFound, "model_not_found", "model");
        }
    }

    [Theory]
    [InlineData("off", "[\"completion\",\"vision\"]")]
    [InlineData("mean", "[\"completion\",\"vision\",\"embedding\"]")]
    public async Task S8_Pooling_DecidesWhetherEmbeddingIsACapability(string pooling, string capabilities)
    {
        await using var other = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Models:Pooling"] = pooling });
        using var document = JsonDocument.Parse(await other.Client.GetStringAsync("/v1/models/eye", Cancelled));
        Assert.Equal(capabilities, document.RootElement.GetProperty("capabilities").GetRawText());
    }

    [Fact]
    public async Task S8_List_IsStableAndIgnoresPaging()
    {
        var first = await server.Server.Client.GetStringAsync("/v1/models", Cancelled);
        Assert.Equal(first, await server.Server.Client.GetStringAsync("/v1/models?after=eye&limit=1", Cancelled));
        Assert.Equal(first, await server.Server.Client.GetStringAsync("/models", Cancelled));
        using var list = JsonDocument.Parse(first);
        foreach (var model in list.RootElement.GetProperty("data").EnumerateArray())
        {
            Assert.Equal(model.GetRawText(), await server.Server.Client.GetStringAsync($"/v1/models/{model.GetProperty("id").GetString()}", Cancelled));
        }
    }

    [Theory]
    [InlineData("hub.example/team/eye:7b")]
    [InlineData("team/eye")]
    public async Task S1_1_IdWithSlashesAndColons_FoundInEverySpelling(string name)
    {
        using var model = new ScriptedModel(name, sees: true);
        await using var other = await ScriptedServer.StartAsync(replace: services => services.Replace(ServiceDescriptor.Singleton(new ModelCatalog([model.Entry]))));
        foreach (var spelling in (string[])[name, Uri.EscapeDataString(name), name.Replace("/", "%2f", StringComparison.Ordinal), name.Replace(":", "%3a", StringComparison.Ordinal)])
        {
            var received = await Edge.RawHttp.ExchangeAsync(other.Address, $"GET /v1/models/{spelling} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 5);
            Assert.True(Edge.RawHttp.Statuses(received) is [200], $"{spelling}: {received}");
            Assert.Contains($"\"id\":\"{name}\"", received, StringComparison.Ordinal);
        }

        var client = new OpenAIModelClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(other.Address, "v1") });
        OpenAIModel found = await client.GetModelAsync(name, Cancelled);
        Assert.Equal(name, found.Id);
    }

    [Fact]
    public async Task OfficialClient_ListsAndGets()
    {
        var client = new OpenAIModelClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Server.Address, "v1") });
        OpenAIModelCollection models = await client.GetModelsAsync(Cancelled);
        Assert.Equal(["blind", "eye"], models.Select(static model => model.Id));
        OpenAIModel eye = await client.GetModelAsync("eye", Cancelled);
        Assert.Equal("llavaserver", eye.OwnedBy);
    }
}
