using System.Text.Json;
using System.Text.Json.Nodes;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;

namespace LlavaServer.Tests.Clients;

/// <summary>OllamaSharp in its own words. The dialect has no choice of tools: the model calls or it does not.</summary>
internal sealed class OllamaMatrixClient(OllamaApiClient client) : IMatrixClient
{
    public Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken) =>
        ReadAsync(question, isStream: false, static _ => { }, cancellationToken);

    public Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken) =>
        ReadAsync(question, isStream: true, onPiece, cancellationToken);

    private async Task<ClientAnswer> ReadAsync(ClientQuestion question, bool isStream, Action<int> onPiece, CancellationToken cancellationToken)
    {
        var answer = new ClientAnswer("");
        await foreach (var piece in client.ChatAsync(Request(question, isStream), cancellationToken))
        {
            if (piece!.Message.Content is { Length: > 0 } text)
            {
                answer = answer with { Text = answer.Text + text, Pieces = answer.Pieces + 1 };
                onPiece(answer.Pieces);
            }

            foreach (var call in piece.Message.ToolCalls ?? [])
            {
                answer = answer with { Tool = call.Function!.Name, Arguments = JsonSerializer.Serialize(call.Function.Arguments) };
            }

            if (piece is ChatDoneResponseStream done)
            {
                answer = answer with { Finish = done.DoneReason ?? "", InputTokens = done.PromptEvalCount };
            }
        }

        // The client ends its loop when it is cancelled, with or without an exception.
        cancellationToken.ThrowIfCancellationRequested();
        return answer;
    }

    private ChatRequest Request(ClientQuestion question, bool isStream) => new()
    {
        Model = client.SelectedModel,
        Stream = isStream,
        Messages = [new Message(ChatRole.User, question.Text, [.. question.Pictures.Select(static picture => picture.Base64)])],
        Options = new RequestOptions { Temperature = 0, NumPredict = question.MaxTokens },
        Format = question.IsStructured ? JsonElement.Parse(ClientQuestion.Paint) : null,
        Tools = question.RequiresTool
            ? [JsonNode.Parse($$$"""{"type":"function","function":{"name":"paint","description":"","parameters":{{{ClientQuestion.Paint}}}}}""")!]
            : null,
    };
}
