using System.Text.Json;
using Microsoft.Extensions.AI;

namespace LlavaServer.Tests.Clients;

/// <summary>Microsoft.Extensions.AI over the official client.</summary>
internal sealed class ExtensionsMatrixClient(IChatClient client) : IMatrixClient
{
    public async Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken) =>
        Answer(await client.GetResponseAsync([Message(question)], Options(question), cancellationToken));

    public async Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken)
    {
        var updates = new List<ChatResponseUpdate>();
        var pieces = 0;
        await foreach (var update in client.GetStreamingResponseAsync([Message(question)], Options(question), cancellationToken))
        {
            updates.Add(update);
            if (update.Text.Length > 0)
            {
                onPiece(++pieces);
            }
        }

        return Answer(updates.ToChatResponse()) with { Pieces = pieces };
    }

    private static ClientAnswer Answer(ChatResponse response)
    {
        var call = response.Messages.SelectMany(static message => message.Contents).OfType<FunctionCallContent>().SingleOrDefault();
        return new ClientAnswer(response.Text)
        {
            Finish = response.FinishReason?.ToString() ?? "",
            InputTokens = (int)(response.Usage?.InputTokenCount ?? 0),
            Tool = call?.Name,
            Arguments = call is null ? null : JsonSerializer.Serialize(call.Arguments),
        };
    }

    private static ChatMessage Message(ClientQuestion question) => new(
        ChatRole.User,
        [new TextContent(question.Text), .. question.Pictures.Select(static picture => new DataContent(picture.Bytes, picture.MediaType))]);

    private static ChatOptions Options(ClientQuestion question)
    {
        var schema = JsonElement.Parse(ClientQuestion.Paint);
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = question.MaxTokens };
        if (question.RequiresTool)
        {
            options.Tools = [AIFunctionFactory.CreateDeclaration("paint", "", schema)];
            options.ToolMode = ChatToolMode.RequireAny;
            options.AllowMultipleToolCalls = false;
        }

        options.ResponseFormat = question.IsStructured ? ChatResponseFormat.ForJsonSchema(schema, "paint") : null;
        return options;
    }
}
