using LlavaServer.Configuration;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>: reads, checks, maps, and answers whole or as a stream. Singleton, thread-safe.</summary>
internal sealed class ChatCompletionsEndpoint(
    JsonBodyReader bodies,
    ChatRequestReader requests,
    ModelSelector models,
    ChatCompletionMapper mapper,
    ModelTexts texts,
    TextGenerator generator,
    IOptions<ServerOptions> options,
    IOptions<InferenceOptions> inference,
    TimeProvider time,
    ILogger<ChatCompletionsEndpoint> logger)
{
    private static readonly JsonBodyRules s_rules = new();
    private static readonly ChatChunks s_chunks = new();

    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "openai.chat";
        ChatCompletionRequest request;
        ModelEntry model;
        GenerationRequest generationRequest;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            request = requests.Read(body.Root);
            record.Stream = request.IsStream;
            model = models.Select(request.Model);
            record.Model = model.Name;
            generationRequest = (await mapper.MapAsync(request, model, record, context.RequestAborted)) with { Client = ClientNames.Of(context), Api = record.Api };
        }

        IgnoredFields.Tell(context, [.. request.IgnoredFields, .. TemplateFields.WithoutEffect(request, name => texts.Reads(model, name))]);
        await using var running = await RunningAnswers.StartAsync(generator, [generationRequest], request.Choices, context.RequestAborted);
        QueueHeader.Set(context, running.First);
        var answer = new ChatAnswer
        {
            Created = time.GetUtcNow().ToUnixTimeSeconds(),
            Model = ModelNames.Display(model.Name),
            Fingerprint = Fingerprint.Of(model, inference.Value.Engine),
            IncludesUsage = request.IncludesUsage,
            HasServiceTier = request.HasServiceTier,
            Shape = request.ShapeOf(prompts: 1) with { ShowsThinking = true },
            HasLogProbabilities = request.TopLogProbabilities is not null,
            TimesChunks = request.TimesChunks,
            ImageCount = record.Images,
        };
        if (request.IsStream)
        {
            using var stream = new AnswerStream(context, new ChunkEvents(answer, s_chunks), answer.Shape, options.Value, time, logger);
            await stream.RunAsync(running.ReadAllAsync, () => running.First.Progress);
            return;
        }

        var whole = await PatientAnswer.WaitAsync(
            context, options.Value.Streaming, time, WholeAnswer.ReadAsync(running.ReadAllAsync(context.RequestAborted), answer.Shape, record));
        await OpenAIJson.WriteResponseAsync(
            context, (answer, whole), static (writer, state) => ChatCompletionWriter.WriteCompletion(writer, state.answer, state.whole));
    }
}
