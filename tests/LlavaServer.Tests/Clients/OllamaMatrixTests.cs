using System.Net;
using System.Text.Json.Nodes;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models.Exceptions;

namespace LlavaServer.Tests.Clients;

/// <summary>The Ollama dialect as .NET programs use it, against the real server: OllamaSharp itself and Microsoft.Extensions.AI through it.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class OllamaMatrixTests(BundledServer bundled, CrowdedServer crowded) : IClassFixture<CrowdedServer>
{
    private static readonly ClientQuestion s_endless = new("Go on") { MaxTokens = 16_000 };

    public static TheoryData<string> Clients => ["OllamaSharp", "Microsoft.Extensions.AI"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_TextAndPictures_StreamIsTheSame(string name)
    {
        using var ollama = new OllamaApiClient(bundled.Address, BundledServer.Model);
        var client = Client(name, ollama);
        await AssertSameAsync(client, new ClientQuestion("What can you do?"));
        var one = await AssertSameAsync(client, new ClientQuestion("What color is the circle?", TestPicture.RedCircle));
        Assert.Contains("red", one.Text, StringComparison.OrdinalIgnoreCase);
        var two = await client.AskAsync(new ClientQuestion("What color is the circle?", TestPicture.RedCircle, TestPicture.CircleAndSquare), Token);
        Assert.InRange(two.InputTokens, one.InputTokens + 64, one.InputTokens + 80);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Tool_CallIsReadWithItsArguments(string name)
    {
        const string Call = """<tool_call>{"name": "paint", "arguments": {"color": "red", "filled": true}}</tool_call>""";
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 2048, Answer = static _ => Call });
        using var ollama = new OllamaApiClient(server.Address, "eye");
        var question = new ClientQuestion("Paint it.") { RequiresTool = true };
        foreach (var answer in new[] { await Client(name, ollama).AskAsync(question, Token), await Client(name, ollama).StreamAsync(question, static _ => { }, Token) })
        {
            Assert.Equal("paint", answer.Tool);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"color":"red","filled":true}"""), JsonNode.Parse(answer.Arguments!)), answer.Arguments);
        }

        Assert.Contains("\"paint\"", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Structured_AnswerHoldsTheSchema(string name)
    {
        using var ollama = new OllamaApiClient(bundled.Address, BundledServer.Model);
        var question = new ClientQuestion("What color is the circle?", TestPicture.RedCircle) { IsStructured = true };
        var value = JsonNode.Parse((await Client(name, ollama).AskAsync(question, Token)).Text)!.AsObject();
        Assert.Contains((string)value["color"]!, (string[])["red", "blue"]);
        Assert.Equal(["color", "filled"], value.Select(static member => member.Key).Order());
        _ = (bool)value["filled"]!;
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Mistakes_ReachTheCaller(string name)
    {
        using var unknown = new OllamaApiClient(bundled.Address, "no-such-model");
        var missing = await Assert.ThrowsAsync<HttpRequestException>(() => Client(name, unknown).AskAsync(new ClientQuestion("Hello"), Token));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var ollama = new OllamaApiClient(bundled.Address, BundledServer.Model);
        var broken = await Assert.ThrowsAsync<OllamaException>(
            () => Client(name, ollama).StreamAsync(new ClientQuestion("What is this?", TestPicture.Truncated), static _ => { }, Token));
        Assert.Contains("messages[0].images[0]: image is corrupt", broken.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Stream_CallerLeaves_SlotIsFree(string name)
    {
        using var ollama = new OllamaApiClient(crowded.Address, EndlessServer.Model);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await Client(name, ollama).StreamAsync(
                s_endless,
                count =>
                {
                    pieces = count;
                    if (count == 20)
                    {
                        leave.Cancel();
                    }
                },
                leave.Token);
            leave.Token.ThrowIfCancellationRequested();
        });
        Assert.InRange(pieces, 20, 1_000);
        await crowded.BecomesFreeAsync();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_QueueFull_Refused503(string name)
    {
        using var leave = new CancellationTokenSource();
        using var http = new HttpClient { BaseAddress = crowded.Address };
        using var first = await CrowdedServer.OccupyAsync(http, leave.Token);
        var second = CrowdedServer.OccupyAsync(http, leave.Token);
        await crowded.MetricAsync("llamacpp:requests_deferred", 1);
        using var ollama = new OllamaApiClient(crowded.Address, EndlessServer.Model);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => Client(name, ollama).AskAsync(new ClientQuestion("Hello") { MaxTokens = 2 }, Token));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();
        await crowded.BecomesFreeAsync();
    }

    [Fact]
    public async Task Embeddings_BothClients_SameVectorsOfLengthOne()
    {
        using var ollama = new OllamaApiClient(bundled.Address, BundledServer.Model);
        string[] texts = ["a red circle", "a blue square"];
        var own = await ollama.EmbedAsync(new OllamaSharp.Models.EmbedRequest { Model = BundledServer.Model, Input = [.. texts] }, Token);
        var others = await ((IEmbeddingGenerator<string, Embedding<float>>)ollama).GenerateAsync(texts, cancellationToken: Token);
        Assert.Equal(own.Embeddings, others.Select(static embedding => embedding.Vector.ToArray()));
        Assert.All(own.Embeddings, static vector => Assert.Equal(1, vector.Sum(static value => (double)value * value), 1e-4));
        Assert.NotEqual(own.Embeddings[0], own.Embeddings[1]);
    }

    private static IMatrixClient Client(string name, OllamaApiClient ollama) => name == "OllamaSharp" ? new OllamaMatrixClient(ollama) : new ExtensionsMatrixClient(ollama);

    private static async Task<ClientAnswer> AssertSameAsync(IMatrixClient client, ClientQuestion question)
    {
        var whole = await client.AskAsync(question, Token);
        var streamed = await client.StreamAsync(question, static _ => { }, Token);
        Assert.NotEqual("", whole.Text.Trim());
        Assert.Equal("stop", whole.Finish);
        Assert.Equal((whole.Text, whole.Finish, whole.InputTokens), (streamed.Text, streamed.Finish, streamed.InputTokens));
        Assert.InRange(streamed.Pieces, 2, question.MaxTokens);
        return whole;
    }
}
