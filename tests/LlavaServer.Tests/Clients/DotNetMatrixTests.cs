using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlavaServer.Tests.EndToEnd;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using OpenAI;

namespace LlavaServer.Tests.Clients;

/// <summary>What people build with in .NET, against the real server: each scenario of the matrix with each library.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class DotNetMatrixTests(BundledServer bundled, CrowdedServer crowded) : IClassFixture<CrowdedServer>
{
    private static readonly ClientQuestion s_endless = new("Go on") { MaxTokens = 16_000 };

    public static TheoryData<string> Clients => ["OpenAI", "OpenAI responses", "Microsoft.Extensions.AI", "Semantic Kernel"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Text_StreamIsTheSame(string name)
    {
        var client = Client(name, bundled.Address, BundledServer.Model);
        await AssertSameAsync(client, new ClientQuestion("What can you do?"));
        var answer = await AssertSameAsync(client, new ClientQuestion("What color is the circle?", TestPicture.RedCircle));
        Assert.Contains("red", answer.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_SeveralPictures_AllAreInThePrompt(string name)
    {
        var client = Client(name, bundled.Address, BundledServer.Model);
        var one = await client.AskAsync(new ClientQuestion("What color is the circle?", TestPicture.RedCircle), Token);
        var two = await client.AskAsync(new ClientQuestion("What color is the circle?", TestPicture.RedCircle, TestPicture.CircleAndSquare), Token);
        Assert.InRange(two.InputTokens, one.InputTokens + 64, one.InputTokens + 80);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_RequiredTool_CallsWithArgumentsThatHold(string name)
    {
        var client = Client(name, bundled.Address, BundledServer.Model);
        var question = new ClientQuestion("Paint it.") { RequiresTool = true };
        foreach (var answer in new[] { await client.AskAsync(question, Token), await client.StreamAsync(question, static _ => { }, Token) })
        {
            Assert.Equal("paint", answer.Tool);
            Assert.Contains(answer.Finish, (string[])["ToolCalls", "tool_calls"]);
            AssertPaint(answer.Arguments!);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Structured_AnswerHoldsTheSchema(string name)
    {
        var question = new ClientQuestion("What color is the circle?", TestPicture.RedCircle) { IsStructured = true };
        AssertPaint((await Client(name, bundled.Address, BundledServer.Model).AskAsync(question, Token)).Text);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_Mistakes_CodeAndParamReachTheCaller(string name)
    {
        AssertFailure(await FailureAsync(name, "no-such-model", new ClientQuestion("Hello")), 404, "model_not_found", "model");
        AssertFailure(
            await FailureAsync(name, BundledServer.Model, new ClientQuestion("What is this?", TestPicture.Truncated)),
            400, "image_parse_error", name == "OpenAI responses" ? "input[0].content[1].image_url" : "messages[0].content[1].image_url.url");
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Stream_CallerLeaves_SlotIsFree(string name)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client(name, crowded.Address, EndlessServer.Model).StreamAsync(
            s_endless,
            count =>
            {
                pieces = count;
                if (count == 20)
                {
                    leave.Cancel();
                }
            },
            leave.Token));
        Assert.InRange(pieces, 20, 200);
        await crowded.BecomesFreeAsync();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ask_QueueFull_WaitsAsLongAsToldAndIsAnswered(string name)
    {
        using var leave = new CancellationTokenSource();
        using var http = new HttpClient { BaseAddress = crowded.Address };
        var first = await CrowdedServer.OccupyAsync(http, leave.Token);
        var second = CrowdedServer.OccupyAsync(http, leave.Token);
        await crowded.MetricAsync("llamacpp:requests_deferred", 1);
        using var transport = new WatchedTransport(async () =>
        {
            await leave.CancelAsync();
            first.Dispose();
            await crowded.BecomesFreeAsync();
        });

        var answer = await Client(name, crowded.Address, EndlessServer.Model, transport).AskAsync(new ClientQuestion("Hello") { MaxTokens = 2 }, Token);
        Assert.NotEqual("", answer.Text);
        Assert.Equal([429, 200], transport.Statuses);
        Assert.InRange(transport.Waited, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(60));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task Embeddings_OpenAIClient_AreThoseOfTheFloatForm()
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(bundled.Address, "v1") };
        var client = new OpenAIClient(new ApiKeyCredential("none"), options).GetEmbeddingClient(BundledServer.Model);
        var embeddings = (await client.GenerateEmbeddingsAsync(["a red circle", "a blue square"], cancellationToken: Token)).Value;
        using var http = new HttpClient { BaseAddress = bundled.Address };
        using var response = await http.PostAsJsonAsync("v1/embeddings", new { model = BundledServer.Model, input = new[] { "a red circle", "a blue square" }, encoding_format = "float" }, Token);
        var floats = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!["data"]!.AsArray();
        Assert.Equal(floats.Count, embeddings.Count);
        foreach (var (embedding, entry) in embeddings.Zip(floats))
        {
            Assert.All(embedding.ToFloats().ToArray().Zip(entry!["embedding"]!.AsArray()), static pair => Assert.Equal((double)pair.Second!, pair.First, 1e-6));
        }

        Assert.InRange(embeddings.Usage.InputTokenCount, 2, 100);
    }

    private static async Task<ClientAnswer> AssertSameAsync(IMatrixClient client, ClientQuestion question)
    {
        var whole = await client.AskAsync(question, Token);
        var streamed = await client.StreamAsync(question, static _ => { }, Token);
        Assert.NotEqual("", whole.Text.Trim());
        Assert.Equal("stop", whole.Finish, ignoreCase: true);
        Assert.Equal((whole.Text, whole.Finish, whole.InputTokens), (streamed.Text, streamed.Finish, streamed.InputTokens));
        Assert.InRange(streamed.Pieces, 2, question.MaxTokens);
        return whole;
    }

    private static void AssertPaint(string json)
    {
        var value = JsonNode.Parse(json)!.AsObject();
        Assert.Contains(value["color"]!.ToString(), (string[])["red", "blue"]);
        Assert.Contains(value["filled"]!.ToString(), (string[])["true", "false"], StringComparer.OrdinalIgnoreCase);
        Assert.Equal(2, value.Count);
    }

    private static void AssertFailure(ClientResultException failure, int status, string code, string parameter)
    {
        var body = JsonNode.Parse(failure.GetRawResponse()!.Content)!["error"]!;
        Assert.Equal((status, code, parameter), (failure.Status, (string?)body["code"], (string?)body["param"]));
        Assert.Contains((string)body["message"]!, failure.Message, StringComparison.Ordinal);
    }

    private static IMatrixClient Client(string name, Uri address, string model, HttpMessageHandler? transport = null)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(address, "v1") };
        if (transport is not null)
        {
            options.Transport = new HttpClientPipelineTransport(new HttpClient(transport, disposeHandler: false));
        }

        var client = new OpenAIClient(new ApiKeyCredential("none"), options);
        return name switch
        {
            "OpenAI" => new OpenAIMatrixClient(client.GetChatClient(model)),
            "OpenAI responses" => new ResponsesMatrixClient(client, model),
            "Microsoft.Extensions.AI" => new ExtensionsMatrixClient(client.GetChatClient(model).AsIChatClient()),
            _ => new SemanticKernelMatrixClient(new OpenAIChatCompletionService(model, client)),
        };
    }

    private async Task<ClientResultException> FailureAsync(string name, string model, ClientQuestion question)
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Client(name, bundled.Address, model).AskAsync(question, Token));
        return Assert.IsType<ClientResultException>(failure as ClientResultException ?? failure.InnerException);
    }
}
