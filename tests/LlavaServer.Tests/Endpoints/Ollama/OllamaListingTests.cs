using System.Net;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaListingTests
{
    [Fact]
    public async Task Root_GetAndHead_Running()
    {
        await using var server = await ScriptedServer.StartAsync();
        var get = await server.SendAsync(HttpMethod.Get, "/");
        Assert.Equal((HttpStatusCode.OK, "text/plain; charset=utf-8", "Ollama is running"), (get.Status, get.ContentType, get.Body));
        var head = await server.SendAsync(HttpMethod.Head, "/");
        Assert.Equal((HttpStatusCode.OK, ""), (head.Status, head.Body));
    }

    [Fact]
    public async Task Version_GetAndHead_PlainSemver()
    {
        await using var server = await ScriptedServer.StartAsync();
        var get = await server.SendAsync(HttpMethod.Get, "/api/version");
        Assert.Equal("""{"version":"0.33.0"}""", get.Body);
        Assert.Equal(ProductVersion.Short, get.Headers["X-LlavaServer-Version"]);
        Assert.Equal((HttpStatusCode.OK, ""), ((await server.SendAsync(HttpMethod.Head, "/api/version")).Status, (await server.SendAsync(HttpMethod.Head, "/api/version")).Body));
    }

    [Fact]
    public async Task Status_Asked_NoCloud()
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal("""{"cloud":{"disabled":true,"source":"config"}}""", (await server.SendAsync(HttpMethod.Get, "/api/status")).Body);
    }

    [Fact]
    public async Task Tags_TwoModels_NewestFirst()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.SendAsync(HttpMethod.Get, "/api/tags");
        var models = reply.Json.GetProperty("models").EnumerateArray().ToList();
        Assert.Equal(2, models.Count);
        Assert.True(models[0].GetProperty("modified_at").GetDateTimeOffset() >= models[1].GetProperty("modified_at").GetDateTimeOffset());
        var eye = models.Single(static model => model.GetProperty("name").GetString() == "eye:latest");
        Assert.Equal("eye:latest", eye.GetProperty("model").GetString());
        Assert.Matches("\\A[0-9a-f]{64}\\z", eye.GetProperty("digest").GetString());
        Assert.True(eye.GetProperty("size").GetInt64() > 0);
        Assert.Equal(
            """{"parent_model":"","format":"gguf","family":"llama","families":["llama","clip"],"parameter_size":"10","quantization_level":"F16","context_length":4096,"embedding_length":2}""",
            eye.GetProperty("details").GetRawText());
        Assert.Equal("""["completion","vision"]""", eye.GetProperty("capabilities").GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Head, "/api/tags")).Status);
    }

    [Fact]
    public async Task Ps_BeforeAndAfterLoad_ListsIt()
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal("""{"models":[]}""", (await server.SendAsync(HttpMethod.Get, "/api/ps")).Body);
        await server.PostAsync("/api/generate", """{"model":"eye"}""");
        var model = Assert.Single((await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray());
        Assert.Equal("eye:latest", model.GetProperty("name").GetString());
        Assert.Equal((1234L, 0L, 512), (model.GetProperty("size").GetInt64(), model.GetProperty("size_vram").GetInt64(), model.GetProperty("context_length").GetInt32()));
        Assert.InRange((model.GetProperty("expires_at").GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalMinutes, 3, 5.1);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await server.SendAsync(HttpMethod.Head, "/api/ps")).Status);
    }

    [Theory]
    [InlineData("""{"model":"eye"}""")]
    [InlineData("""{"name":"EYE:latest"}""")]
    [InlineData("""{"model":"","name":"library/eye"}""")]
    public async Task Show_ModelThatSees_Described(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        var show = (await server.PostAsync("/api/show", json)).Json;
        Assert.Equal("""["completion","vision"]""", show.GetProperty("capabilities").GetRawText());
        Assert.Equal(4096, show.GetProperty("model_info").GetProperty("llama.context_length").GetInt32());
        Assert.Equal(10, show.GetProperty("model_info").GetProperty("general.parameter_count").GetInt64());
        Assert.Equal(0, show.GetProperty("model_info").GetProperty("tokenizer.ggml.tokens").GetArrayLength());
        Assert.False(show.GetProperty("model_info").TryGetProperty("general.name", out _));
        Assert.False(show.GetProperty("model_info").TryGetProperty("tokenizer.chat_template", out _));
        Assert.True(show.GetProperty("projector_info").GetProperty("clip.has_vision_encoder").GetBoolean());
        Assert.Contains("USER:", show.GetProperty("template").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("FROM eye:latest\n", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_Verbose_LongArraysToo()
    {
        await using var server = await ScriptedServer.StartAsync();
        var show = (await server.PostAsync("/api/show", """{"model":"blind","verbose":true}""")).Json;
        Assert.Equal(ScriptedVocabulary.Size, show.GetProperty("model_info").GetProperty("tokenizer.ggml.tokens").GetArrayLength());
        Assert.False(show.TryGetProperty("projector_info", out _));
        Assert.Equal("""["completion","insert"]""", show.GetProperty("capabilities").GetRawText());
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.BadRequest, "model is required")]
    [InlineData("""{"model":"a b"}""", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData("""{"model":"x"}""", HttpStatusCode.NotFound, "model 'x:latest' not found")]
    public async Task Show_Wrong_OllamasText(string json, HttpStatusCode status, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/show", json)).AssertError(status, error);
    }

    [Fact]
    public async Task Account_Routes_Unauthorized()
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/me", "")).AssertError(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task NET15_UnknownPathOrVerb_PlainTextAsOllama()
    {
        await using var server = await ScriptedServer.StartAsync();
        var unknown = await server.SendAsync(HttpMethod.Get, "/api/nothing");
        Assert.Equal((HttpStatusCode.NotFound, "text/plain; charset=utf-8", "404 page not found"), (unknown.Status, unknown.ContentType, unknown.Body));
        var verb = await server.SendAsync(HttpMethod.Get, "/api/chat");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "405 method not allowed"), (verb.Status, verb.Body));
        Assert.Equal("POST", verb.Headers["Allow"]);
    }
}
