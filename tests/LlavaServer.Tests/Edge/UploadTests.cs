using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge;

/// <summary>Bodies that are refused while they are still sent, and what is JSON to this server.</summary>
public sealed class UploadTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const int Bytes = 20 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A reset instead of the answer would make client libraries send everything again.</summary>
    [Theory]
    [InlineData("POST", "/v1/chat/completions", "application/json", "https://example.org", "origin_not_allowed", 403)]
    [InlineData("POST", "/v1/chat/completions", "image/png", null, "unsupported_media_type", 415)]
    [InlineData("POST", "/v1/nowhere", "application/json", null, "not_found", 404)]
    [InlineData("PUT", "/v1/chat/completions", "application/json", null, "method_not_allowed", 405)]
    [InlineData("POST", "/props", "application/json", null, "endpoint_disabled", 403)]
    public async Task S1_3_LargeBody_RefusedEarly_SeesTheRefusalEveryTime(string method, string path, string type, string? origin, string code, int status)
    {
        var body = new byte[Bytes];
        for (var i = 0; i < 6; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new ByteArrayContent(body) };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            request.Headers.TransferEncodingChunked = i % 2 == 0;
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            using var response = await server.Server.Client.SendAsync(request, Token);
            await ErrorAssert.IsAsync(response, (HttpStatusCode)status, code, null);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task S1_3_Limit_IsOfTheDecompressedBytes(string coding)
    {
        const int Limit = 64 << 10;
        await using var small = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:MaxRequestBodyBytes"] = "64KiB" });
        var question = OpenAIServer.Question();
        foreach (var (length, status) in ((int, int)[])[(Limit, 200), (Limit + 1, 413)])
        {
            using var content = new ByteArrayContent(Compressed.By(coding, Encoding.UTF8.GetBytes(question + new string(' ', length - question.Length))));
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
            Assert.True(content.Headers.ContentLength < Limit / 10);
            using var response = await small.Client.PostAsync("/v1/chat/completions", content, Token);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(status == 413, (await response.Content.ReadAsStringAsync(Token)).Contains("request_too_large", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("""{"model":"none","messages":[],"model":"eye","messages":[{"role":"system","role":"user","content":"x","content":"last"}]}""", 200)]
    [InlineData("""{"temperature":9,"temperature":0,"model":"eye","messages":[{"role":"user","content":"last"}]}""", 200)]
    [InlineData("""{"temperature":0,"temperature":9,"model":"eye","messages":[{"role":"user","content":"last"}]}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"max_tokens":"5"}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"seed":"5"}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"n":"1"}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"stream":"true"}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"max_tokens":null,"stop":null,"stream":null,"tools":null,"seed":null,"n":null,"response_format":null}""", 200)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],}""", 400)]
    [InlineData("""{"model":"eye",/* c */"messages":[{"role":"user","content":"last"}]}""", 400)]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":"last"}],"n":NaN}""", 400)]
    public async Task S1_3_Json_LastOfEqualNamesNoTextForNumbersNullIsNotGiven(string body, int status)
    {
        using var response = await server.PostAsync(body);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True((int)response.StatusCode == status, text);
        Assert.True(status == 400 ? text.Contains("\"invalid_", StringComparison.Ordinal) : server.Script.LastPrompt.Contains("USER: last", StringComparison.Ordinal), text);
    }

    [Theory]
    [InlineData(128, 200)]
    [InlineData(129, 400)]
    public async Task S1_3_Nesting_128ByDefault(int depth, int status)
    {
        using var response = await server.PostAsync(OpenAIServer.Question("\"metadata\":" + new string('[', depth - 1) + new string(']', depth - 1)));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task S1_3_MarkAndBlanksInFront_AreSkippedWhateverTheType(string? type)
    {
        foreach (var front in (string[])["\uFEFF", " \r\n\t", "\uFEFF \n"])
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(front + OpenAIServer.Question()));
            if (type is not null)
            {
                content.Headers.TryAddWithoutValidation("Content-Type", type);
            }

            using var response = await server.Server.Client.PostAsync("/v1/chat/completions", content, Token);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        }
    }
}
