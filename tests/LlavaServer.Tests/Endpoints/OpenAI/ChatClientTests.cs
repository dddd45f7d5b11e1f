using System.ClientModel;
using OpenAI.Chat;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>The official .NET client against the real server.</summary>
public sealed class ChatClientTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CompleteChat_WithPicture_AnswersAndCountsImageTokens()
    {
        ChatCompletion answer = await server.Chat().CompleteChatAsync(
            [
                new SystemChatMessage("Be brief."),
                new UserChatMessage(
                    ChatMessageContentPart.CreateTextPart("What is it?"),
                    ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(TestPictures.Encode(30, 20)), "image/png")),
            ],
            cancellationToken: Cancelled);

        Assert.Equal("A red circle.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal("eye", answer.Model);
        Assert.StartsWith("chatcmpl-", answer.Id, StringComparison.Ordinal);
        // One token a byte, and the end of the answer.
        Assert.Equal(14, answer.Usage.OutputTokenCount);
        Assert.Equal(answer.Usage.InputTokenCount + 14, answer.Usage.TotalTokenCount);
        Assert.Contains("[30x20]", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Contains("Be brief. USER:", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompleteChat_LogProbabilities_TokensAreTheContentWholeAndStreamed()
    {
        var options = new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 3 };
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("Hello")], options, Cancelled);
        Assert.Equal("A red circle.", string.Concat(answer.ContentTokenLogProbabilities.Select(static token => token.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, static token => Assert.Equal(3, token.TopLogProbabilities.Count));
        Assert.Equal("A"u8.ToArray(), answer.ContentTokenLogProbabilities[0].Utf8Bytes!.Value.ToArray());

        var streamed = "";
        await foreach (var update in server.Chat().CompleteChatStreamingAsync([new UserChatMessage("Hello")], options, Cancelled))
        {
            var text = string.Concat(update.ContentUpdate.Select(static part => part.Text));
            Assert.Equal(text, string.Concat(update.ContentTokenLogProbabilities.Select(static token => token.Token)));
            streamed += text;
        }

        Assert.Equal("A red circle.", streamed);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1/")]
    [InlineData("")]
    public async Task CompleteChatStreaming_AnyBaseAddress_GivesTextFinishReasonAndUsage(string path)
    {
        var text = "";
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (var update in server.Chat(path: path).CompleteChatStreamingAsync([new UserChatMessage("Hello")], cancellationToken: Cancelled))
        {
            text += string.Concat(update.ContentUpdate.Select(static part => part.Text));
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }

        Assert.Equal("A red circle.", text);
        Assert.Equal(ChatFinishReason.Stop, reason);
        Assert.Equal(14, usage?.OutputTokenCount);
    }

    [Fact]
    public async Task CompleteChat_TokenLimit_EndsWithLength()
    {
        ChatCompletion answer = await server.Chat().CompleteChatAsync(
            [new UserChatMessage("Hello")], new ChatCompletionOptions { MaxOutputTokenCount = 5 }, Cancelled);

        Assert.Equal("A red", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(5, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task CompleteChat_StopText_EndsBeforeIt()
    {
        var options = new ChatCompletionOptions();
        options.StopSequences.Add(" circle");
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("Hello")], options, Cancelled);

        Assert.Equal("A red", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task CompleteChat_UnknownModel_ClientSeesCodeAndMessage()
    {
        var failure = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat("none").CompleteChatAsync([new UserChatMessage("Hello")], cancellationToken: Cancelled));

        Assert.Equal(404, failure.Status);
        Assert.Contains("model_not_found", failure.Message, StringComparison.Ordinal);
        Assert.Contains("The model `none` does not exist", failure.Message, StringComparison.Ordinal);
    }
}
