using System.Net;
using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;
using OllamaSharp;
using OllamaSharp.Models;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>
/// <c>POST /api/embed</c> and <c>POST /api/embeddings</c>. The scripted engine's hidden state is the row's token and its number in the sequence.
/// </summary>
public sealed class EmbedEndpointTests
{
    private const string Embed = "/api/embed";
    private const string Embeddings = "/api/embeddings";

    [Fact]
    public async Task Embed_Texts_GoldenAnswer()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Embed, """{"model":"Eye:latest","input":["ab","c"]}""");
        Assert.Equal((HttpStatusCode.OK, "application/json; charset=utf-8"), (reply.Status, reply.ContentType));
        var vectors = JsonSerializer.Serialize<float[][]>([Unit('b', 3), Unit('c', 2)]);
        Assert.Equal(
            $$"""{"model":"Eye:latest","embeddings":{{vectors}},"total_duration":1,"load_duration":1,"prompt_eval_count":5}""",
            OllamaWire.WithoutTimes(reply.Body));
    }

    [Theory]
    [InlineData("\"ab\"", 1, 3)]
    [InlineData("[\"ab\"]", 1, 3)]
    [InlineData("[\"\",\"ab\"]", 2, 4)]
    public async Task Embed_EachFormOfInput_VectorsInTheirOrder(string input, int count, int tokens)
    {
        await using var server = await ScriptedServer.StartAsync();
        var answer = (await server.PostAsync(Embed, $$"""{"model":"blind","input":{{input}}}""")).Json;
        Assert.Equal(count, answer.GetProperty("embeddings").GetArrayLength());
        Assert.Equal(Unit('b', 3), Vector(answer.GetProperty("embeddings")[count - 1]));
        Assert.Equal(tokens, answer.GetProperty("prompt_eval_count").GetInt32());
    }

    [Theory]
    [InlineData(Embed, """{"model":"eye"}""", """{"model":"eye","embeddings":[]}""")]
    [InlineData(Embed, """{"model":"eye","input":null}""", """{"model":"eye","embeddings":[]}""")]
    [InlineData(Embed, """{"model":"eye","input":""}""", """{"model":"eye","embeddings":[]}""")]
    [InlineData(Embed, """{"model":"eye","input":[]}""", """{"model":"eye","embeddings":[]}""")]
    [InlineData(Embeddings, """{"model":"eye"}""", """{"embedding":[]}""")]
    [InlineData(Embeddings, """{"model":"eye","prompt":""}""", """{"embedding":[]}""")]
    public async Task Load_NothingToEmbed_ModelIsInMemory(string path, string json, string answer)
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal(answer, (await server.PostAsync(path, json)).Body);
        Assert.Single((await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray());
        Assert.Equal(1, server.Script.Loads);
    }

    [Theory]
    [InlineData(Embed, "\"input\":\"ab\"")]
    [InlineData(Embeddings, "\"prompt\":\"ab\"")]
    public async Task KeepAlive_GivenAndZero_ShowsInPs(string path, string input)
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync(path, $$"""{"model":"eye",{{input}},"keep_alive":"300h"}""");
        var running = Assert.Single((await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray());
        Assert.InRange((running.GetProperty("expires_at").GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalHours, 299, 300);
        await server.PostAsync(path, $$"""{"model":"eye",{{input}},"keep_alive":0}""");
        Assert.Empty((await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray());
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    [InlineData("3", 2)]
    [InlineData("0", 2)]
    [InlineData("-1", 2)]
    [InlineData("null", 2)]
    public async Task Dimensions_Fewer_CutAndAgainOfLengthOne(string dimensions, int count)
    {
        await using var server = await ScriptedServer.StartAsync();
        var answer = (await server.PostAsync(Embed, $$"""{"model":"eye","input":"ab","dimensions":{{dimensions}}}""")).Json;
        var vector = Vector(answer.GetProperty("embeddings")[0]);
        Assert.Equal(count, vector.Length);
        Assert.Equal(1, vector.Sum(static value => (double)value * value), 1e-5);
    }

    [Fact]
    public async Task Truncate_TooLong_CutUnlessSaidOtherwise()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 100 });
        var text = new string('b', 300);
        var cut = (await server.PostAsync(Embed, $$"""{"model":"blind","input":["c","{{text}}"]}""")).Json;
        Assert.Equal(2 + 100, cut.GetProperty("prompt_eval_count").GetInt32());
        Assert.Equal(Unit('b', 100), Vector(cut.GetProperty("embeddings")[1]));
        foreach (var (path, json) in new[] { (Embed, $$"""{"model":"blind","input":["c","{{text}}"],"truncate":false}"""), (Embeddings, $$"""{"model":"blind","prompt":"{{text}}"}""") })
        {
            (await server.PostAsync(path, json)).AssertError(HttpStatusCode.BadRequest, "the input length exceeds the context length");
        }
    }

    [Fact]
    public async Task Options_NumCtx_BoundsTheInput()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Embed, """{"model":"blind","input":"abcdefghij","options":{"num_ctx":5,"temperature":0,"num_batch":9,"no such":1}}""");
        Assert.Equal(Unit('d', 5), Vector(reply.Json.GetProperty("embeddings")[0]));
        Assert.Equal("options.temperature,options.num_batch", reply.Headers["llava-ignored-params"]);
    }

    [Fact]
    public async Task Embeddings_Prompt_OneVectorAndNothingElse()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Embeddings, """{"model":"eye","prompt":"ab","options":{}}""");
        Assert.Equal($$"""{"embedding":{{JsonSerializer.Serialize(Unit('b', 3))}}}""", reply.Body);
    }

    [Theory]
    [InlineData(Embed, """{"input":"x"}""", HttpStatusCode.NotFound, "model '' not found")]
    [InlineData(Embed, """{"model":"","input":"x"}""", HttpStatusCode.NotFound, "model '' not found")]
    [InlineData(Embed, """{"model":"a b","input":"x"}""", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData(Embed, """{"model":"X"}""", HttpStatusCode.NotFound, "model \"X\" not found, try pulling it first")]
    [InlineData(Embed, """{"model":"X","input":5}""", HttpStatusCode.BadRequest, "invalid input type")]
    [InlineData(Embed, """{"model":"eye","input":{}}""", HttpStatusCode.BadRequest, "invalid input type")]
    [InlineData(Embed, """{"model":"eye","input":["a",5]}""", HttpStatusCode.BadRequest, "invalid input type")]
    [InlineData(Embed, """{"model":"eye","input":[null]}""", HttpStatusCode.BadRequest, "invalid input type")]
    [InlineData(Embed, """{"model":"eye","input":"a","dimensions":"2"}""", HttpStatusCode.BadRequest, "Invalid type for 'dimensions': expected an integer, got a string.")]
    [InlineData(Embed, """{"model":"eye","input":"a","truncate":1}""", HttpStatusCode.BadRequest, "Invalid type for 'truncate': expected a boolean, got a number.")]
    [InlineData(Embed, """{"model":"eye","input":"a","keep_alive":true}""", HttpStatusCode.BadRequest, "Unsupported type: 'bool'")]
    [InlineData(Embed, """{"model":"eye","input":"a","options":{"num_ctx":"9"}}""", HttpStatusCode.BadRequest, "option \"num_ctx\" must be of type integer")]
    [InlineData(Embeddings, """{"prompt":"x"}""", HttpStatusCode.BadRequest, "model is required")]
    [InlineData(Embeddings, """{"model":"a b","prompt":"x"}""", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData(Embeddings, """{"model":"X","prompt":"x"}""", HttpStatusCode.NotFound, "model \"X\" not found, try pulling it first")]
    [InlineData(Embeddings, """{"model":"eye","prompt":["x"]}""", HttpStatusCode.BadRequest, "Invalid type for 'prompt': expected a string, got an array.")]
    [InlineData(Embeddings, """{"model":"eye","prompt":"x","options":[]}""", HttpStatusCode.BadRequest, "Invalid type for 'options': expected an object, got an array.")]
    [InlineData(Embeddings, "", HttpStatusCode.BadRequest, "missing request body")]
    public async Task Request_Wrong_OllamasText(string path, string json, HttpStatusCode status, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync(path, json)).AssertError(status, error);
        Assert.Equal(0, server.Script.Loads);
    }

    [Theory]
    [InlineData(Embed, "\"input\":\"ab\"", float.NaN)]
    [InlineData(Embeddings, "\"prompt\":\"ab\"", float.PositiveInfinity)]
    public async Task Vector_NotFinite_400(string path, string input, float value)
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Hidden = _ => [1, value] });
        (await server.PostAsync(path, $$"""{"model":"eye",{{input}}}""")).AssertError(HttpStatusCode.BadRequest, "embedding contains NaN or Inf values");
    }

    [Theory]
    [InlineData(Embed, "\"input\":\"ab\"")]
    [InlineData(Embeddings, "\"prompt\":\"ab\"")]
    public async Task Embeddings_SwitchedOffOrEngineGone_SaysSo(string path, string input)
    {
        await using var off = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Models:Pooling"] = "off" });
        (await off.PostAsync(path, $$"""{"model":"eye",{{input}}}""")).AssertError(HttpStatusCode.BadRequest, "\"eye\" does not support embeddings");
        var script = new ScriptedEngineFactory { OnDecode = static _ => throw new InferenceException(InferenceError.EngineFailed, "gone") };
        await using var dying = await ScriptedServer.StartAsync(script);
        var reply = await dying.PostAsync(path, $$"""{"model":"eye",{{input}}}""");
        Assert.Equal(HttpStatusCode.InternalServerError, reply.Status);
        Assert.StartsWith("model runner has unexpectedly stopped", reply.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LIM1_EmbeddingInputs_LimitPassesOneMoreIsRefusedByName()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:EmbeddingInputs"] = "2" });
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Embed, """{"model":"eye","input":["a","b"]}""")).Status);
        (await server.PostAsync(Embed, """{"model":"eye","input":["a","b","c"]}"""))
            .AssertError(HttpStatusCode.BadRequest, "input has 3 texts; at most 2 are allowed (Limits:EmbeddingInputs)");
    }

    [Fact]
    public async Task OllamaSharp_Embed_ReadsTheVectors()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = new OllamaApiClient(server.Address);
        var answer = await client.EmbedAsync(new EmbedRequest { Model = "eye", Input = ["ab", "c"] }, TestContext.Current.CancellationToken);
        Assert.Equal([Unit('b', 3), Unit('c', 2)], answer.Embeddings);
        Assert.Equal(5, answer.PromptEvalCount);
    }

    private static float[] Vector(JsonElement array) => [.. array.EnumerateArray().Select(static value => value.GetSingle())];

    private static float[] Unit(char letter, double position)
    {
        double token = ScriptedVocabulary.FirstByte + letter;
        var scale = 1 / Math.Sqrt((token * token) + (position * position));
        return [(float)(token * scale), (float)(position * scale)];
    }
}
