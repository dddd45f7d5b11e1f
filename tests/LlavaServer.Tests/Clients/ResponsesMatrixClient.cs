#pragma warning disable OPENAI001 // The library calls its client of responses experimental; people use it all the same.
using System.Text;
using OpenAI;
using OpenAI.Responses;

namespace LlavaServer.Tests.Clients;

/// <summary>The official client over responses.</summary>
internal sealed class ResponsesMatrixClient(OpenAIClient openAI, string model) : IMatrixClient
{
    private readonly ResponsesClient _client = openAI.GetResponsesClient();

    public async Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken) =>
        Answer(await _client.CreateResponseAsync(Options(question), cancellationToken));

    public async Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken)
    {
        var (text, pieces, answer) = (new StringBuilder(), 0, new ClientAnswer(""));
        var options = Options(question);
        options.StreamingEnabled = true;
        await foreach (var update in await _client.CreateResponseStreamingAsync(options, cancellationToken))
        {
            switch (update)
            {
                case StreamingResponseOutputTextDeltaUpdate delta:
                    text.Append(delta.Delta);
                    onPiece(++pieces);
                    break;
                case StreamingResponseCompletedUpdate completed:
                    answer = Answer(completed.Response);
                    break;
                case StreamingResponseIncompleteUpdate incomplete:
                    answer = Answer(incomplete.Response);
                    break;
            }
        }

        Assert.Equal(answer.Text, text.ToString());
        return answer with { Pieces = pieces };
    }

    private static ClientAnswer Answer(ResponseResult response)
    {
        var call = response.OutputItems.OfType<FunctionCallResponseItem>().SingleOrDefault();
        return new ClientAnswer(response.GetOutputText() ?? "")
        {
            Finish = response.Status != ResponseStatus.Completed ? $"{response.Status}" : call is null ? "stop" : "tool_calls",
            InputTokens = (int)response.Usage.InputTokenCount,
            Tool = call?.FunctionName,
            Arguments = call?.FunctionArguments.ToString(),
        };
    }

    private CreateResponseOptions Options(ClientQuestion question)
    {
        var options = new CreateResponseOptions
        {
            Model = model,
            Temperature = 0,
            MaxOutputTokenCount = question.MaxTokens,
            InputItems =
            {
                ResponseItem.CreateUserMessageItem(
                    [ResponseContentPart.CreateInputTextPart(question.Text), .. question.Pictures.Select(static picture => ResponseContentPart.CreateInputImagePart(new Uri(picture.DataUrl)))]),
            },
        };
        if (question.RequiresTool)
        {
            options.Tools.Add(ResponseTool.CreateFunctionTool("paint", BinaryData.FromString(ClientQuestion.Paint), true));
            options.ToolChoice = ResponseToolChoice.CreateRequiredChoice();
            options.ParallelToolCallsEnabled = false;
        }

        options.TextOptions = question.IsStructured
            ? new ResponseTextOptions { TextFormat = ResponseTextFormat.CreateJsonSchemaFormat("paint", BinaryData.FromString(ClientQuestion.Paint), null, true) }
            : null;
        return options;
    }
}
