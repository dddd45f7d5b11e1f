using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary><c>/apply-template</c>, <c>/tokenize</c>, <c>/detokenize</c> and <c>/props</c>, as llama-server has them.</summary>
public sealed class TextEndpointTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static readonly string s_picture = Convert.ToBase64String(TestPictures.Encode(33, 21));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ApplyTemplate_Conversation_IsThePromptOfAChat()
    {
        const string messages = """[{"role":"user","content":"Hi </s>"},{"role":"assistant","content":"Yes"},{"role":"user","content":"And?"}]""";
        Assert.Equal("USER: Hi </s> ASSISTANT: Yes</s>USER: And? ASSISTANT:", await PromptAsync($$"""{"model":"eye","messages":{{messages}}}"""));
    }

    [Fact]
    public async Task ApplyTemplate_Pictures_AreMarkers()
    {
        var part = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{s_picture}}}"}}""";
        var prompt = await PromptAsync(OpenAIServer.Parts("{\"type\":\"text\",\"text\":\"Same? <__media__>\"}," + part + "," + part));
        Assert.Equal("USER: <__media__>\n<__media__>\nSame? <__media__> ASSISTANT:", prompt);
    }

    [Fact]
    public async Task ApplyTemplate_BadRequests_AreRefusedAsForAChat()
    {
        using var noMessages = await server.PostAsync("""{"model":"eye"}""", "/apply-template");
        await ErrorAssert.IsAsync(noMessages, HttpStatusCode.BadRequest, "missing_required_parameter", "messages");
        using var noModel = await server.PostAsync(OpenAIServer.Question(model: "none"), "/apply-template");
        await ErrorAssert.IsAsync(noModel, HttpStatusCode.NotFound, "model_not_found", "model");
        var part = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{s_picture}}}"}}""";
        using var blind = await server.PostAsync(OpenAIServer.Parts(part, "blind"), "/apply-template");
        await ErrorAssert.IsAsync(blind, HttpStatusCode.BadRequest, "image_input_not_supported", "messages[0].content[0].image_url.url");
    }

    [Theory]
    [InlineData("""{"model":"eye","content":"Hi"}""", "[75,108]")]
    [InlineData("""{"model":"eye","content":"Hi","add_special":true}""", "[1,75,108]")]
    [InlineData("""{"model":"eye","content":"</s>"}""", "[2]")]
    [InlineData("""{"model":"eye","content":"</s>","parse_special":false}""", "[63,50,118,65]")]
    [InlineData("""{"model":"eye"}""", "[]")]
    [InlineData("""{"model":"eye","content":""}""", "[]")]
    [InlineData("""{"model":"eye","content":"H</s>\u00e9","with_pieces":true}""", """[{"id":75,"piece":"H"},{"id":2,"piece":"</s>"},{"id":198,"piece":[195]},{"id":172,"piece":[169]}]""")]
    public async Task Tokenize_Text_IsItsTokens(string body, string tokens)
    {
        using var response = await server.PostAsync(body, "/tokenize");
        Assert.Equal($$"""{"tokens":{{tokens}}}""", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("""{"model":"eye","tokens":[75,108]}""", "Hi")]
    [InlineData("""{"model":"eye","tokens":[1,75,198,172,2]}""", "<s>Hé</s>")]
    [InlineData("""{"model":"eye","tokens":[]}""", "")]
    [InlineData("""{"model":"eye"}""", "")]
    [InlineData("""{"model":"eye","tokens":[198]}""", "\ufffd")]
    public async Task Detokenize_Tokens_AreTheirText(string body, string text)
    {
        using var response = await server.PostAsync(body, "/detokenize");
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(text, document.RootElement.GetProperty("content").GetString());
    }

    [Fact]
    public async Task Tokenize_RoundTrip_GivesTheTextBack()
    {
        const string text = "A picture of 3 cats\n\twith <b>tails</b> \u00e9 \ud83d\ude00 </s>";
        using var tokenized = await server.PostAsync(JsonSerializer.Serialize(new { model = "eye", content = text }), "/tokenize");
        using var tokens = JsonDocument.Parse(await tokenized.Content.ReadAsStringAsync(Cancelled));
        using var detokenized = await server.PostAsync($$"""{"model":"eye","tokens":{{tokens.RootElement.GetProperty("tokens").GetRawText()}}}""", "/detokenize");
        using var back = JsonDocument.Parse(await detokenized.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(text, back.RootElement.GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("/tokenize", """{"model":"eye","content":5}""", "invalid_type", "content")]
    [InlineData("/tokenize", """{"model":"eye","content":"a","add_special":"yes"}""", "invalid_type", "add_special")]
    [InlineData("/detokenize", """{"model":"eye","tokens":"1"}""", "invalid_type", "tokens")]
    [InlineData("/detokenize", """{"model":"eye","tokens":[-1]}""", "invalid_value", "tokens[0]")]
    [InlineData("/detokenize", """{"model":"eye","tokens":[1,260]}""", "invalid_value", "tokens[1]")]
    [InlineData("/detokenize", """{"model":"eye","tokens":[1.5]}""", "invalid_type", "tokens[0]")]
    [InlineData("/detokenize", """{"model":"eye","tokens":[null]}""", "invalid_type", "tokens[0]")]
    public async Task GGUF7_WrongInput_IsRefusedByName(string path, string body, string code, string parameter)
    {
        using var response = await server.PostAsync(body, path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, parameter);
    }

    [Fact]
    public async Task Tokenize_LongText_IsRefusedByItsLimit()
    {
        await using var small = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:TokenizeBytes"] = "1024" });
        using var response = await OpenAIServer.PostAsync(small, $$"""{"model":"eye","content":"{{new string('x', 1025)}}"}""", "/tokenize");
        Assert.Contains("Limits:TokenizeBytes", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "unsupported_parameter", "content"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Props_HaveEveryMemberOfTheContract()
    {
        using var document = JsonDocument.Parse(await server.Server.Client.GetStringAsync("/props?model=eye", Cancelled));
        var props = document.RootElement;
        Assert.Equal(
            ["default_generation_settings", "total_slots", "model_alias", "model_path", "model_ftype", "modalities", "media_marker", "chat_template", "bos_token", "eos_token", "build_info", "is_sleeping"],
            props.EnumerateObject().Select(static member => member.Name));
        Assert.Equal(["params", "n_ctx"], props.GetProperty("default_generation_settings").EnumerateObject().Select(static member => member.Name));
        Assert.Equal("""{"vision":true,"audio":false,"video":false}""", props.GetProperty("modalities").GetRawText());
        Assert.Equal(("eye", "model.gguf", "<s>", "</s>"), (props.GetProperty("model_alias").GetString(), props.GetProperty("model_path").GetString(), props.GetProperty("bos_token").GetString(), props.GetProperty("eos_token").GetString()));
        Assert.Contains("ASSISTANT:", props.GetProperty("chat_template").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Props_Changing_IsDisabled()
    {
        using var response = await server.PostAsync("{}", "/props");
        await ErrorAssert.IsAsync(response, HttpStatusCode.Forbidden, "endpoint_disabled", null);
    }

    private async Task<string> PromptAsync(string body)
    {
        using var response = await server.PostAsync(body, "/apply-template");
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.IsSuccessStatusCode, text);
        using var document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("prompt").GetString()!;
    }
}
