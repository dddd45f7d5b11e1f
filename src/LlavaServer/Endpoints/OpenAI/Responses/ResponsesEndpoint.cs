using LlavaServer.Configuration;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// <c>POST /v1/responses</c>: reads, checks, maps, and answers whole or as a stream. Nothing is stored, so there is nothing to get, delete or cancel.
/// Singleton, thread-safe.
/// </summary>
internal sealed class ResponsesEndpoint(
    JsonBodyReader bodies,
    ResponseRequestReader requests,
    ModelSelector models,
    ChatCompletionMapper mapper,
    ModelTexts texts,
    TextGenerator generator,
    IOptions<ServerOptions> options,
    TimeProvider time,
    ILogger<ResponsesEndpoint> logger)
{
    private static readonly JsonBodyRules s_rules = new();

    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "openai.responses";
        ResponseRequest request;
        ModelEntry model;
        GenerationRequest generationRequest;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            request = requests.Read(body.Root);
            record.Stream = request.Chat.IsStream;
            model = models.Select(request.Chat.Model);
            record.Model = model.Name;
            generationRequest = (await mapper.MapAsync(request.Chat, model, record, context.RequestAborted)) with { Client = ClientNames.Of(context), Api = record.Api };
        }

        IgnoredFields.Tell(context, request.WithoutEffect(name => texts.Reads(model, name)));
        if (request.Settings.Truncates)
        {
            generationRequest = await OldestTurns.LeaveOutAsync(generator, generationRequest, context.RequestAborted);
        }

        await using var running = await RunningAnswers.StartAsync(generator, [generationRequest], 1, context.RequestAborted);
        QueueHeader.Set(context, running.First);
        var answer = new ResponseAnswer(ModelNames.Display(model.Name), time.GetUtcNow().ToUnixTimeSeconds(), request.Settings);
        var shape = request.Chat.ShapeOf(prompts: 1);
        if (request.Chat.IsStream)
        {
            using var stream = new AnswerStream(context, new ResponseEvents(answer, time), shape, options.Value, time, logger);
            await stream.RunAsync(running.ReadAllAsync, () => running.First.Progress);
            return;
        }

        var whole = await PatientAnswer.WaitAsync(
            context, options.Value.Streaming, time, WholeAnswer.ReadAsync(running.ReadAllAsync(context.RequestAborted), shape, record));
        var status = ResponseItem.StatusOf(whole.Totals.FinishReason);
        var state = new ResponseState(status, ResponseItem.Of(whole.Choices[0]))
        {
            CompletedAt = status == ResponseStatus.Completed ? time.GetUtcNow().ToUnixTimeSeconds() : null,
            Usage = whole.Totals.Usage,
        };
        await OpenAIJson.WriteResponseAsync(context, (answer, state), static (writer, e) => ResponseWriter.WriteResponse(writer, e.answer, e.state));
    }

    /// <summary>Every route of a stored response.</summary>
    public static Task NotStoredAsync(string id) =>
        throw new RequestException(404, "not_found", $"The response `{ModelNames.Echo(id)}` does not exist: this server stores none.");
}
