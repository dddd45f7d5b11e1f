using System.ClientModel;
using System.Net;
using System.Text.Json;
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
        Assert.Equal("[\"completion\",\"vision\"]", eye.GetProperty("capabilities").GetRawText());
        Assert.Equal("[\"eye:latest\"]", eye.GetProperty("aliases").GetRawText());
        Assert.Equal(260, eye.GetProperty("meta").GetProperty("n_vocab").GetInt32());
        Assert.True(eye.GetProperty("created").GetInt64() > 1_700_000_000);
    }

    [Theory]
    [InlineData("/v1/models/eye", 200)]
    [InlineData("/v1/models/eye:latest", 200)]
    [InlineData("/v1/models/EYE", 200)]
    [InlineData("/models/eye%3Alatest", 200)]
    [InlineData("/v1/models/library%2Feye", 404)]
    [InlineData("/v1/models/library/eye", 404)]
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
