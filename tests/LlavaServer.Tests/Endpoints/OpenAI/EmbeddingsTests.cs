using System.ClientModel;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using LlavaServer.Tests.Scripted;
using OpenAI;
using OpenAI.Embeddings;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>
/// <c>POST /v1/embeddings</c> by hand and through the official client. The scripted engine's hidden state is the row's token, or its picture's width, and
/// its number in the sequence.
/// </summary>
public sealed class EmbeddingsTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Path = "/v1/embeddings";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S10_Response_HasEveryMemberOfTheContract()
    {
        using var response = await server.PostAsync("""{"model":"eye","input":["ab","c"]}""", Path);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.True(response.Headers.Contains("openai-processing-ms"));
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        var root = document.RootElement;
        Assert.Equal(["object", "data", "model", "usage"], root.EnumerateObject().Select(static member => member.Name));
        Assert.Equal(("list", "eye"), (root.GetProperty("object").GetString(), root.GetProperty("model").GetString()));
        Assert.Equal("""{"prompt_tokens":5,"total_tokens":5}""", root.GetProperty("usage").GetRawText());
        Assert.Equal(
            [(0, "embedding"), (1, "embedding")],
            root.GetProperty("data").EnumerateArray().Select(static item => (item.GetProperty("index").GetInt32(), item.GetProperty("object").GetString()!)));
        Assert.Equal([Unit(TokenOf('b'), 3), Unit(TokenOf('c'), 2)], Floats(root));
    }

    [Theory]
    [InlineData("\"ab\"")]
    [InlineData("[\"ab\"]")]
    [InlineData("[1,100,101]")]
    [InlineData("[[1,100,101]]")]
    [InlineData("[{\"type\":\"text\",\"text\":\"ab\"}]")]
    [InlineData("{\"text\":\"ab\"}")]
    public async Task S10_EachFormOfInput_SameVector(string input)
    {
        using var response = await server.PostAsync($$"""{"model":"eye","input":{{input}}}""", Path);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal([Unit(TokenOf('b'), 3)], Floats(document.RootElement));
        Assert.Equal(3, document.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task S10_Base64_SameNumbersAsFloat()
    {
        const string Fields = "\"input\":[\"hello\",\"world\",[5,6]]";
        using var bad = await server.PostAsync($$"""{"model":"eye",{{Fields}}}""", Path);
        await ErrorAssert.IsAsync(bad, HttpStatusCode.BadRequest, "invalid_type", "input[2]");
        using var floats = JsonDocument.Parse(await TextAsync("""{"model":"eye","input":["hello","world"]}"""));
        using var base64 = JsonDocument.Parse(await TextAsync("""{"model":"eye","input":["hello","world"],"encoding_format":"base64"}"""));
        var decoded = base64.RootElement.GetProperty("data").EnumerateArray()
            .Select(static item => MemoryMarshal.Cast<byte, float>(item.GetProperty("embedding").GetBytesFromBase64()).ToArray());
        Assert.Equal(Floats(floats.RootElement), decoded);
    }

    [Fact]
    public async Task S10_PartsOfTextAndPicture_OneVectorOfBoth()
    {
        var image = $$$"""{"type":"image_url","image_url":{"url":"{{{TestPictures.DataUrl(6, 7)}}}"}}""";
        using var joint = JsonDocument.Parse(await TextAsync($$"""{"model":"eye","input":[{"type":"text","text":"ab"},{{image}}]}"""));
        var vector = Assert.Single(Floats(joint.RootElement));

        // The picture's four rows, a line feed, and the text behind the token that begins a prompt.
        Assert.Equal(Unit(TokenOf('b'), 1 + ScriptedVisionEncoder.Rows + 1 + 2), vector);
        using var two = JsonDocument.Parse(await TextAsync($$"""{"model":"eye","input":[[{{image}}],[{{image}},{"type":"text","text":"c"}]]}"""));
        Assert.Equal(2, Floats(two.RootElement).Length);
    }

    [Theory]
    [InlineData("{\"model\":\"eye\"}", "missing_required_parameter", "input")]
    [InlineData("{\"model\":\"eye\",\"input\":null}", "missing_required_parameter", "input")]
    [InlineData("{\"model\":\"eye\",\"input\":\"\"}", "invalid_value", "input")]
    [InlineData("{\"model\":\"eye\",\"input\":[]}", "invalid_value", "input")]
    [InlineData("{\"model\":\"eye\",\"input\":[\"a\",\"\"]}", "invalid_value", "input[1]")]
    [InlineData("{\"model\":\"eye\",\"input\":[[]]}", "invalid_value", "input[0]")]
    [InlineData("{\"model\":\"eye\",\"input\":5}", "invalid_type", "input")]
    [InlineData("{\"model\":\"eye\",\"input\":[null]}", "invalid_type", "input[0]")]
    [InlineData("{\"model\":\"eye\",\"input\":[1,\"a\"]}", "invalid_type", "input[1]")]
    [InlineData("{\"model\":\"eye\",\"input\":[1.5]}", "invalid_type", "input[0]")]
    [InlineData("{\"model\":\"eye\",\"input\":[260]}", "invalid_value", "input[0]")]
    [InlineData("{\"model\":\"eye\",\"input\":[[1],[-1]]}", "invalid_value", "input[1][0]")]
    [InlineData("{\"model\":\"eye\",\"input\":[{\"type\":\"input_audio\"}]}", "invalid_value", "input[0].type")]
    [InlineData("{\"model\":\"eye\",\"input\":\"a\",\"encoding_format\":\"hex\"}", "invalid_value", "encoding_format")]
    [InlineData("{\"model\":\"eye\",\"input\":\"a\",\"dimensions\":3}", "invalid_value", "dimensions")]
    [InlineData("{\"model\":\"eye\",\"input\":\"a\",\"dimensions\":\"2\"}", "invalid_type", "dimensions")]
    [InlineData("{\"model\":\"eye\",\"input\":\"a\",\"embd_normalize\":0}", "unsupported_parameter", "embd_normalize")]
    public async Task S10_WrongField_RefusedByName(string body, string code, string parameter)
    {
        using var response = await server.PostAsync(body, Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, parameter);
    }

    [Fact]
    public async Task S10_NativeSizeAndHarmlessFields_Accepted()
    {
        using var response = await server.PostAsync("""{"model":"eye","input":"a","dimensions":2,"embd_normalize":2,"user":"me","what":1}""", Path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("user,what", response.Headers.GetValues("llava-ignored-params").Single());
    }

    [Fact]
    public async Task S10_InputBeyondTheContext_RefusedByItsPlace()
    {
        using var response = await server.PostAsync($$"""{"model":"eye","input":["a","{{new string('b', 600)}}"]}""", Path);
        var message = await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "context_length_exceeded", "input[1]");
        Assert.Contains("512", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task S10_PictureForATextModel_Refused()
    {
        using var response = await server.PostAsync(
            $$$"""{"model":"blind","input":{"type":"image_url","image_url":"{{{TestPictures.DataUrl()}}}"}}""", Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_input_not_supported", "input.image_url");
    }

    [Fact]
    public async Task S10_WithoutV1_IsAnotherServersFormAndNotThere()
    {
        using var response = await server.PostAsync("""{"input":"a"}""", "/embeddings");
        await ErrorAssert.IsAsync(response, HttpStatusCode.NotFound, "not_found", null);
    }

    [Fact]
    public async Task S10_SwitchedOff_EmbeddingsNotSupported()
    {
        await using var off = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Models:Pooling"] = "off" });
        using var response = await OpenAIServer.PostAsync(off, """{"model":"eye","input":"a"}""", Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "embeddings_not_supported", "model");
    }

    [Fact]
    public async Task LIM1_EmbeddingInputs_LimitPassesOneMoreIsRefusedByName()
    {
        await using var small = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:EmbeddingInputs"] = "3" });
        using var passes = await OpenAIServer.PostAsync(small, """{"model":"eye","input":["a","b","c"]}""", Path);
        Assert.Equal(HttpStatusCode.OK, passes.StatusCode);
        using var refused = await OpenAIServer.PostAsync(small, """{"model":"eye","input":["a","b","c","d"]}""", Path);
        Assert.Contains("Limits:EmbeddingInputs", await ErrorAssert.IsAsync(refused, HttpStatusCode.BadRequest, "invalid_value", "input"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S15_15_OfficialClient_ReadsTheVectors()
    {
        var client = new EmbeddingClient("eye", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Server.Address, "v1") });
        OpenAIEmbeddingCollection vectors = await client.GenerateEmbeddingsAsync(["ab", "c"], cancellationToken: Cancelled);
        Assert.Equal([Unit(TokenOf('b'), 3), Unit(TokenOf('c'), 2)], vectors.Select(static vector => vector.ToFloats().ToArray()));
        Assert.Equal(5, vectors.Usage.InputTokenCount);
    }

    private async Task<string> TextAsync(string body)
    {
        using var response = await server.PostAsync(body, Path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancelled);
    }

    private static float[][] Floats(JsonElement root) =>
        [.. root.GetProperty("data").EnumerateArray().Select(static item => item.GetProperty("embedding").EnumerateArray().Select(static value => value.GetSingle()).ToArray())];

    private static int TokenOf(char letter) => ScriptedVocabulary.FirstByte + letter;

    private static float[] Unit(double x, double y)
    {
        var scale = 1 / Math.Sqrt((x * x) + (y * y));
        return [(float)(x * scale), (float)(y * scale)];
    }
}
