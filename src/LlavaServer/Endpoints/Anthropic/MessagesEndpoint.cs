using LlavaServer.Configuration;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>
/// <c>POST /v1/messages</c>: answers a conversation whole or as a stream; <c>POST /v1/messages/count_tokens</c>: says how long its prompt is. Singleton,
/// thread-safe.
/// </summary>
internal sealed class MessagesEndpoint(
    JsonBodyReader bodies,
    MessageRequestReader requests,
    ModelSelector models,
    ChatCompletionMapper mapper,
    TextGenerator generator,
    IOptions<ServerOptions> options,
    TimeProvider time,
    ILogger<MessagesEndpoint> logger)
{
    private static readonly JsonBodyRules s_rules = new();

    public async Task HandleAsync(HttpContext context)
    {
        AnthropicEndpoints.SetHeaders(context);
        var record = RequestRecord.Of(context);
        record.Api = "anthropic.messages";
        var (request, wanted) = await ReadAsync(context, record);
        IgnoredFields.Tell(context, request.IgnoredFields);
        await using var running = await RunningAnswers.StartAsync(generator, [wanted], 1, context.RequestAborted);
        QueueHeader.Set(context, running.First);
        var message = new Message { Model = ModelNames.Display(wanted.Model) };

        // What continues a text begins with the space between the two.
        var shape = new AnswerShape { TrimsStart = wanted.Ending != Inference.Prompting.PromptEnding.Continued };
        if (request.IsStream)
        {
            var events = new MessageEvents(message, () => running.First.Progress, record.RequestId);
            using var stream = new AnswerStream(context, events, shape, options.Value, time, logger);
            await stream.RunAsync(running.ReadAllAsync, () => running.First.Progress);
            return;
        }

        var whole = await PatientAnswer.WaitAsync(
            context, options.Value.Streaming, time, WholeAnswer.ReadAsync(running.ReadAllAsync(context.RequestAborted), shape, record));
        await OpenAIJson.WriteResponseAsync(context, (message, whole), static (writer, state) => MessageWriter.WriteWhole(writer, state.message, state.whole));
    }

    public async Task CountAsync(HttpContext context)
    {
        AnthropicEndpoints.SetHeaders(context);
        var record = RequestRecord.Of(context);
        record.Api = "anthropic.count_tokens";
        var (request, wanted) = await ReadAsync(context, record);
        IgnoredFields.Tell(context, request.IgnoredFields);
        var size = await generator.CountAsync(wanted, context.RequestAborted);
        await OpenAIJson.WriteResponseAsync(context, size.Tokens, static (writer, tokens) =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("input_tokens"u8, tokens);
            writer.WriteEndObject();
        });
    }

    private async Task<(ChatCompletionRequest Request, GenerationRequest Wanted)> ReadAsync(HttpContext context, RequestRecord record)
    {
        using var body = await bodies.ReadAsync(context, s_rules);
        var request = requests.Read(body.Root);
        record.Stream = request.IsStream;
        var model = models.Select(request.Model);
        record.Model = model.Name;
        var wanted = await mapper.MapAsync(request, model, record, context.RequestAborted);
        return (request, wanted with { Client = ClientNames.Of(context), Api = record.Api! });
    }
}
