using LlavaServer.Tests.Scripted;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>The client that .NET programs use, unmodified.</summary>
public sealed class OllamaSharpTests
{
    [Fact]
    public async Task Generate_Stream_JoinedAnswer()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = Client(server);
        var text = "";
        GenerateDoneResponseStream? last = null;
        await foreach (var piece in client.GenerateAsync(new GenerateRequest { Model = "eye", Prompt = "Hi" }, TestContext.Current.CancellationToken))
        {
            text += piece?.Response;
            last = piece as GenerateDoneResponseStream ?? last;
        }

        Assert.Equal("A red circle.", text);
        Assert.Equal(14, last?.EvalCount);
        Assert.True(last?.TotalDuration > 0);
    }

    [Fact]
    public async Task Chat_PictureAndFollowUp_Answered()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = Client(server);
        var chat = new Chat(client);
        var picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
        Assert.Equal("A red circle.", await ReadAsync(chat.SendAsync("What is it?", [(IEnumerable<byte>)picture], TestContext.Current.CancellationToken)));
        Assert.Equal("A red circle.", await ReadAsync(chat.SendAsync("Sure?", TestContext.Current.CancellationToken)));
        Assert.Equal("<s>USER: [1x1]\nWhat is it? ASSISTANT: A red circle.</s>USER: Sure? ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Lists_ModelsVersionShow_Understood()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = Client(server);
        Assert.True(await client.IsRunningAsync(TestContext.Current.CancellationToken));
        Assert.Equal("0.33.0", await client.GetVersionAsync(TestContext.Current.CancellationToken));
        var models = await client.ListLocalModelsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["blind:latest", "eye:latest"], models.Select(static model => model.Name).Order());
        Assert.Empty(await client.ListRunningModelsAsync(TestContext.Current.CancellationToken));
        var show = await client.ShowModelAsync(new ShowModelRequest { Model = "eye" }, TestContext.Current.CancellationToken);
        Assert.Contains("vision", show.Capabilities!);
    }

    [Fact]
    public async Task Unknown_Model_404()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = Client(server);
        client.SelectedModel = "nothing";
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(new Chat(client).SendAsync("Hi", TestContext.Current.CancellationToken)));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task Refused_Picture_ErrorText()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = Client(server);
        client.SelectedModel = "blind";
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(
            new Chat(client).SendAsync("Hi", [(IEnumerable<byte>)new byte[] { 1 }], TestContext.Current.CancellationToken)));
        Assert.Contains("does not support image input", failure.Message, StringComparison.Ordinal);
    }

    private static OllamaApiClient Client(ScriptedServer server) => new(server.Address, "eye");

    private static async Task<string> ReadAsync(IAsyncEnumerable<string> pieces)
    {
        var text = "";
        await foreach (var piece in pieces)
        {
            text += piece;
        }

        return text;
    }
}
