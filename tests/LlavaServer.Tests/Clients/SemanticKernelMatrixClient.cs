using System.Text;
using System.Text.Json;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.Clients;

/// <summary>Semantic Kernel's OpenAI connector.</summary>
internal sealed class SemanticKernelMatrixClient(OpenAIChatCompletionService service) : IMatrixClient
{
    private enum PaintColor
    {
        red,
        blue,
    }

    private readonly Kernel _kernel = new();

    public async Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken)
    {
        var content = (OpenAIChatMessageContent)await service.GetChatMessageContentAsync(History(question), Settings(question), _kernel, cancellationToken);
        var call = FunctionCallContent.GetFunctionCalls(content).SingleOrDefault();
        return new ClientAnswer(content.Content ?? "")
        {
            Finish = (string)content.Metadata!["FinishReason"]!,
            InputTokens = ((ChatTokenUsage)content.Metadata["Usage"]!).InputTokenCount,
            Tool = call?.FunctionName,
            Arguments = call is null ? null : JsonSerializer.Serialize(call.Arguments),
        };
    }

    public async Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken)
    {
        var (text, answer, calls) = (new StringBuilder(), new ClientAnswer(""), new FunctionCallContentBuilder());
        await foreach (var piece in service.GetStreamingChatMessageContentsAsync(History(question), Settings(question), _kernel, cancellationToken))
        {
            calls.Append(piece);
            answer = answer with
            {
                Finish = piece.Metadata?.GetValueOrDefault("FinishReason") as string ?? answer.Finish,
                InputTokens = (piece.Metadata?.GetValueOrDefault("Usage") as ChatTokenUsage)?.InputTokenCount ?? answer.InputTokens,
            };
            if (piece.Content is { Length: > 0 } content)
            {
                text.Append(content);
                answer = answer with { Pieces = answer.Pieces + 1 };
                onPiece(answer.Pieces);
            }
        }

        var call = calls.Build().SingleOrDefault();
        return answer with { Text = text.ToString(), Tool = call?.FunctionName, Arguments = call is null ? null : JsonSerializer.Serialize(call.Arguments) };
    }

    private static ChatHistory History(ClientQuestion question)
    {
        var history = new ChatHistory();
        history.AddUserMessage([new TextContent(question.Text), .. question.Pictures.Select(static picture => new ImageContent(picture.Bytes, picture.MediaType))]);
        return history;
    }

    private static OpenAIPromptExecutionSettings Settings(ClientQuestion question)
    {
        var settings = new OpenAIPromptExecutionSettings { Temperature = 0, MaxTokens = question.MaxTokens };
        if (question.RequiresTool)
        {
            var paint = KernelFunctionFactory.CreateFromMethod(static (PaintColor color, bool filled) => $"{color} {filled}", "paint");
            settings.FunctionChoiceBehavior = FunctionChoiceBehavior.Required([paint], autoInvoke: false, new FunctionChoiceBehaviorOptions { AllowParallelCalls = false });
        }

        settings.ResponseFormat = question.IsStructured ? ChatResponseFormat.CreateJsonSchemaFormat("paint", BinaryData.FromString(ClientQuestion.Paint), null, true) : null;
        return settings;
    }
}
