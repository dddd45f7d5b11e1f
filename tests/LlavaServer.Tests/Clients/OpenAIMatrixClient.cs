using System.Text;
using OpenAI.Chat;

namespace LlavaServer.Tests.Clients;

/// <summary>The official client.</summary>
internal sealed class OpenAIMatrixClient(ChatClient client) : IMatrixClient
{
    public async Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken)
    {
        ChatCompletion answer = await client.CompleteChatAsync([Message(question)], Options(question), cancellationToken);
        return new ClientAnswer(string.Concat(answer.Content.Select(static part => part.Text)))
        {
            Finish = answer.FinishReason.ToString(),
            InputTokens = answer.Usage.InputTokenCount,
            Tool = answer.ToolCalls.SingleOrDefault()?.FunctionName,
            Arguments = answer.ToolCalls.SingleOrDefault()?.FunctionArguments.ToString(),
        };
    }

    public async Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken)
    {
        var (text, arguments, answer) = (new StringBuilder(), new StringBuilder(), new ClientAnswer(""));
        await foreach (var update in client.CompleteChatStreamingAsync([Message(question)], Options(question), cancellationToken))
        {
            foreach (var part in update.ContentUpdate)
            {
                text.Append(part.Text);
                answer = answer with { Pieces = answer.Pieces + 1 };
                onPiece(answer.Pieces);
            }

            foreach (var call in update.ToolCallUpdates)
            {
                answer = answer with { Tool = answer.Tool ?? call.FunctionName };
                arguments.Append(call.FunctionArgumentsUpdate);
            }

            answer = answer with { Finish = update.FinishReason?.ToString() ?? answer.Finish, InputTokens = update.Usage?.InputTokenCount ?? answer.InputTokens };
        }

        return answer with { Text = text.ToString(), Arguments = arguments.ToString() };
    }

    private static UserChatMessage Message(ClientQuestion question) => new(
        [ChatMessageContentPart.CreateTextPart(question.Text), .. question.Pictures.Select(static picture => ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(picture.Bytes), picture.MediaType))]);

    private static ChatCompletionOptions Options(ClientQuestion question)
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = question.MaxTokens };
        if (question.RequiresTool)
        {
            options.Tools.Add(ChatTool.CreateFunctionTool("paint", null, BinaryData.FromString(ClientQuestion.Paint)));
            options.ToolChoice = ChatToolChoice.CreateRequiredChoice();
            options.AllowParallelToolCalls = false;
        }

        options.ResponseFormat = question.IsStructured ? ChatResponseFormat.CreateJsonSchemaFormat("paint", BinaryData.FromString(ClientQuestion.Paint), null, true) : null;
        return options;
    }
}
