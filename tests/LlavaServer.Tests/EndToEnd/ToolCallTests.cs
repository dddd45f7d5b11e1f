using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>
/// Tools through OpenAI's client for .NET against the bundled model, which has never seen one: what it must do it does, with arguments that hold, and what
/// it may leave it leaves.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed class ToolCallTests(BundledServer bundled)
{
    private const string Paint =
        """{"type":"object","properties":{"color":{"enum":["red","blue"]},"count":{"type":"integer","minimum":0,"maximum":9},"size":{"type":["number","null"],"minimum":0}},"required":["color","count"],"additionalProperties":false}""";

    private const string Search =
        """{"type":"object","properties":{"query":{"type":"string","minLength":2,"maxLength":20},"tags":{"type":"array","items":{"$ref":"#/$defs/tag"},"maxItems":2}},"required":["query","tags"],"additionalProperties":false,"$defs":{"tag":{"type":"string","pattern":"^[a-z]{1,4}$"}}}""";

    private static readonly ChatTool[] s_tools = [Tool("paint", Paint), Tool("search", Search), ChatTool.CreateFunctionTool("now")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ChatClient Client => new(BundledServer.Model, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(bundled.Address, "v1") });

    [Fact]
    public async Task CompleteChat_Required_AlwaysCallsWithArgumentsThatHold()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            ChatCompletion answer = await Client.CompleteChatAsync(["What can you do?"], Options(ChatToolChoice.CreateRequiredChoice(), seed), Token);
            Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
            Assert.Empty(answer.Content);
            Check(Assert.Single(answer.ToolCalls));
        }
    }

    [Theory]
    [InlineData("paint")]
    [InlineData("search")]
    [InlineData("now")]
    public async Task CompleteChat_Named_CallsThatOneAndTheStreamIsTheSame(string name)
    {
        var options = Options(ChatToolChoice.CreateFunctionChoice(name), seed: 7);
        ChatCompletion whole = await Client.CompleteChatAsync(["Hello"], options, Token);
        var call = Assert.Single(whole.ToolCalls);
        Assert.Equal(name, call.FunctionName);
        Check(call);

        var arguments = new StringBuilder();
        ChatFinishReason? reason = null;
        await foreach (var update in Client.CompleteChatStreamingAsync(["Hello"], options, Token))
        {
            foreach (var piece in update.ToolCallUpdates)
            {
                arguments.Append(piece.FunctionArgumentsUpdate);
                Assert.Equal(0, piece.Index);
            }

            reason = update.FinishReason ?? reason;
        }

        Assert.Equal((call.FunctionArguments.ToString(), ChatFinishReason.ToolCalls), (arguments.ToString(), reason));
    }

    [Fact]
    public async Task CompleteChat_NoneAndAuto_PictureIsAnsweredInText()
    {
        UserChatMessage[] question =
        [
            new(ChatMessageContentPart.CreateTextPart("What color is the circle?"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(TestPicture.RedCircle.Bytes), TestPicture.RedCircle.MediaType)),
        ];
        ChatCompletion none = await Client.CompleteChatAsync(question, Options(ChatToolChoice.CreateNoneChoice(), seed: 1), Token);
        Assert.Contains("red", none.Content[0].Text, StringComparison.OrdinalIgnoreCase);
        ChatCompletion auto = await Client.CompleteChatAsync(question, Options(ChatToolChoice.CreateAutoChoice(), seed: 1), Token);
        foreach (var answer in new[] { none, auto })
        {
            Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
            Assert.Empty(answer.ToolCalls);
            Assert.NotEmpty(answer.Content[0].Text);
        }
    }

    [Fact]
    public async Task CompleteChat_AfterAResult_AnswersInText()
    {
        var options = Options(ChatToolChoice.CreateRequiredChoice(), seed: 2);
        ChatCompletion called = await Client.CompleteChatAsync(["Paint it."], options, Token);
        options.ToolChoice = ChatToolChoice.CreateNoneChoice();
        ChatCompletion answer = await Client.CompleteChatAsync(
            ["Paint it.", new AssistantChatMessage(called), new ToolChatMessage(called.ToolCalls[0].Id, "It is red.")], options, Token);
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.InRange(answer.Usage.InputTokenCount, 20, 400);
    }

    private static ChatTool Tool(string name, string parameters) => ChatTool.CreateFunctionTool(name, null, BinaryData.FromString(parameters));

    private static ChatCompletionOptions Options(ChatToolChoice choice, long seed)
    {
#pragma warning disable OPENAI001 // The client calls the seed experimental.
        var options = new ChatCompletionOptions { ToolChoice = choice, Temperature = 1, Seed = seed, MaxOutputTokenCount = 600, AllowParallelToolCalls = false };
#pragma warning restore OPENAI001
        foreach (var tool in s_tools)
        {
            options.Tools.Add(tool);
        }

        return options;
    }

    private static void Check(ChatToolCall call)
    {
        using var document = JsonDocument.Parse(call.FunctionArguments);
        var arguments = document.RootElement;
        switch (call.FunctionName)
        {
            case "paint":
                Assert.Contains(arguments.GetProperty("color").GetString(), new[] { "red", "blue" });
                Assert.InRange(arguments.GetProperty("count").GetInt32(), 0, 9);
                break;
            case "search":
                Assert.InRange(arguments.GetProperty("query").GetString()!.EnumerateRunes().Count(), 2, 20);
                Assert.All(arguments.GetProperty("tags").EnumerateArray(), static tag => Assert.Matches("^[a-z]{1,4}$", tag.GetString()));
                break;
            default:
                Assert.Equal(("now", 0), (call.FunctionName, arguments.EnumerateObject().Count()));
                break;
        }
    }
}
