using System.ClientModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The official OpenAI client for .NET against the running server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class OpenAIDotNetTests(BundledServer bundled, EndlessServer endless)
{
    private static readonly ChatCompletionOptions Greedy = new() { Temperature = 0, MaxOutputTokenCount = 64 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ChatClient Bundled => Client(bundled.Address, BundledServer.Model);

    [Fact]
    public async Task CompleteChat_Text_AnswersWithUsage()
    {
        ChatCompletion answer = await Bundled.CompleteChatAsync(["What can you do?"], Greedy, Token);
        Assert.NotEqual("", answer.Content[0].Text.Trim());
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(ChatMessageRole.Assistant, answer.Role);
        Assert.InRange(answer.Usage.InputTokenCount, 1, 100);
        Assert.Equal(answer.Usage.InputTokenCount + answer.Usage.OutputTokenCount, answer.Usage.TotalTokenCount);
        Assert.StartsWith("chatcmpl-", answer.Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompleteChatStreaming_Picture_SameTextAsWhole()
    {
        ChatMessage[] messages = [Ask("Describe the picture.", TestPicture.CircleAndSquare)];
        ChatCompletion whole = await Bundled.CompleteChatAsync(messages, Greedy, Token);
        var text = new StringBuilder();
        var pieces = 0;
        ChatFinishReason? reason = null;
        await foreach (var update in Bundled.CompleteChatStreamingAsync(messages, Greedy, Token))
        {
            pieces += update.ContentUpdate.Count;
            text.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            reason = update.FinishReason ?? reason;
        }

        Assert.Equal(whole.Content[0].Text, text.ToString());
        Assert.Equal(ChatFinishReason.Stop, reason);
        Assert.InRange(pieces, 1, int.MaxValue);
    }

    /// <summary>Color and shape in five formats. Guessing would get one of ten; two may be wrong, for the model is small.</summary>
    [Fact]
    public async Task CompleteChat_PicturesOfAnotherProgram_ColorAndShapeRight()
    {
        var wrong = new List<string>();
        foreach (var picture in TestPicture.Single)
        {
            await CheckAsync($"What color is the {picture.Shape}?", picture, answer => answer.Contains(picture.Color, StringComparison.OrdinalIgnoreCase), wrong);
            await CheckAsync("What shape is in the picture?", picture, answer => answer.Contains(picture.Shape, StringComparison.OrdinalIgnoreCase), wrong);
        }

        Assert.True(wrong.Count <= 2, string.Join('\n', wrong));
    }

    /// <summary>Ten questions, half of them about a shape that is not there: always yes or always no would get five.</summary>
    [Fact]
    public async Task CompleteChat_IsThereAShape_MostlyRight()
    {
        var wrong = new List<string>();
        foreach (var picture in TestPicture.Single)
        {
            var absent = picture.Shape == "star" ? "circle" : "star";
            await CheckAsync($"Is there a {picture.Shape} in the picture?", picture, answer => answer.StartsWith("Yes", StringComparison.OrdinalIgnoreCase), wrong);
            await CheckAsync($"Is there a {absent} in the picture?", picture, answer => answer.StartsWith("No", StringComparison.OrdinalIgnoreCase), wrong);
        }

        Assert.True(wrong.Count <= 3, string.Join('\n', wrong));
    }

    [Fact]
    public async Task CompleteChat_SeveralTurns_KeepsThePicture()
    {
        const string Question = "What shape is in the picture?";
        var first = await AnswerAsync(Question, TestPicture.RedCircle);
        ChatCompletion second = await Bundled.CompleteChatAsync(
            [Ask(Question, TestPicture.RedCircle), new AssistantChatMessage(first), "What color is it?"], Greedy, Token);
        Assert.Contains("circle", first, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("red", second.Content[0].Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task CompleteChat_TruncatedPicture_TypedError()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(async () =>
            await Client(endless.Address, EndlessServer.Model).CompleteChatAsync([Ask("What is this?", TestPicture.Truncated)], Greedy, Token));
        AssertError(error, 400, "image_parse_error", "messages[0].content[1].image_url.url");
    }

    [Fact]
    public async Task CompleteChat_UnknownModel_TypedError()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(async () =>
            await Client(endless.Address, "no-such-model").CompleteChatAsync(["Hello"], Greedy, Token));
        AssertError(error, 404, "model_not_found", "model");
    }

    [Fact]
    public async Task CompleteChatStreaming_ClientLeaves_SlotIsFreeAtOnce()
    {
        var client = Client(endless.Address, EndlessServer.Model);
        var short200 = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 200 };
        var watch = Stopwatch.StartNew();
        await client.CompleteChatAsync(["Hello"], short200, Token);
        var undisturbed = watch.Elapsed;
        using var leave = new CancellationTokenSource();
        var pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in client.CompleteChatStreamingAsync(["Go on"], new ChatCompletionOptions { Temperature = 0 }, leave.Token))
            {
                if (++pieces == 20)
                {
                    await leave.CancelAsync();
                }
            }
        });

        // The abandoned answer would go on for some 16,000 tokens, eighty times as long. .NET's own client reads on for two seconds before it closes.
        watch.Restart();
        ChatCompletion next = await client.CompleteChatAsync(["Hello again"], short200, Token);
        Assert.Equal(ChatFinishReason.Length, next.FinishReason);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2) + (10 * undisturbed), $"took {watch.Elapsed}, undisturbed {undisturbed}");
    }

    private static ChatClient Client(Uri address, string model) =>
        new(model, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(address, "v1") });

    private static UserChatMessage Ask(string question, TestPicture picture) => new(
        ChatMessageContentPart.CreateTextPart(question),
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(picture.Bytes), picture.MediaType));

    private static void AssertError(ClientResultException error, int status, string code, string parameter)
    {
        var body = JsonNode.Parse(error.GetRawResponse()!.Content)!["error"]!;
        Assert.Equal((status, code, parameter), (error.Status, (string?)body["code"], (string?)body["param"]));
        Assert.Contains((string)body["message"]!, error.Message, StringComparison.Ordinal);
    }

    private async Task<string> AnswerAsync(string question, TestPicture picture)
    {
        ChatCompletion answer = await Bundled.CompleteChatAsync([Ask(question, picture)], Greedy, Token);
        return answer.Content[0].Text;
    }

    private async Task CheckAsync(string question, TestPicture picture, Func<string, bool> isRight, List<string> wrong)
    {
        var answer = await AnswerAsync(question, picture);
        if (!isRight(answer))
        {
            wrong.Add($"{picture.FileName}: {question} {answer}");
        }
    }
}
