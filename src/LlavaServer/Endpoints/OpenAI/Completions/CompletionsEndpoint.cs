using LlavaServer.Configuration;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary><c>POST /v1/completions</c>: goes on with texts as they are, whole or as a stream. Singleton, thread-safe.</summary>
internal sealed class CompletionsEndpoint(
    JsonBodyReader bodies,
    CompletionRequestReader requests,
    ModelSelector models,
    CompletionMapper mapper,
    TextGenerator generator,
    IOptions<ServerOptions> options,
    IOptions<InferenceOptions> inference,
    TimeProvider time,
    ILogger<CompletionsEndpoint> logger)
{
    private static readonly JsonBodyRules s_rules = new();

    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "openai.completions";
        CompletionRequest request;
        ModelEntry model;
        List<GenerationRequest> generations;
        IReadOnlyList<string> echoes;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            request = requests.Read(body.Root);
            record.Stream = request.IsStream;
            model = models.Select(request.Model);
            record.Model = model.Name;
            generations = [.. mapper.Map(request, model, record).Select(one => one with { Client = ClientNames.Of(context), Api = record.Api })];
            echoes = request.Echoes ? [.. request.Prompts.Select(prompt => mapper.Echo(prompt, model))] : [];
        }

        IgnoredFields.Tell(context, request.IgnoredFields);
        var perPrompt = request.BestOf;
        await using var running = await RunningAnswers.StartAsync(generator, generations, perPrompt, context.RequestAborted);
        QueueHeader.Set(context, running.First);
        var answer = new ChatAnswer
        {
            Id = ChatAnswer.NewId("cmpl-"),
            Created = time.GetUtcNow().ToUnixTimeSeconds(),
            Model = ModelNames.Display(model.Name),
            Fingerprint = Fingerprint.Of(model, inference.Value.Engine),
            IncludesUsage = request.IncludesUsage,
            HasServiceTier = request.HasServiceTier,
            Shape = request.ShapeOf(generations.Count) with { Choices = generations.Count * perPrompt, ChoicesPerPrompt = perPrompt, TrimsStart = false },
            HasLogProbabilities = request.HasLogProbabilities,
            TimesChunks = request.TimesChunks,
            ImageCount = record.Images,
        };
        var chunks = new CompletionChunks(answer, echoes);
        if (request.IsStream)
        {
            using var stream = new AnswerStream(context, new ChunkEvents(answer, chunks), answer.Shape, options.Value, time, logger);
            await stream.RunAsync(running.ReadAllAsync, () => running.First.Progress);
            return;
        }

        var whole = await PatientAnswer.WaitAsync(
            context, options.Value.Streaming, time, WholeAnswer.ReadAsync(running.ReadAllAsync(context.RequestAborted), answer.Shape, record));
        var best = BestAnswers.Of(whole.Choices, perPrompt, request.Choices);
        await OpenAIJson.WriteResponseAsync(
            context, (chunks, best, whole), static (writer, state) => state.chunks.WriteWhole(writer, state.best, state.whole.Totals));
    }
}
