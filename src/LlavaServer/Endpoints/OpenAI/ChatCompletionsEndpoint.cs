using System.Text;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Logging;
using LlavaServer.Serving;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>: reads, checks, maps, and answers whole or as a stream. Singleton, thread-safe.</summary>
internal sealed class ChatCompletionsEndpoint(
    JsonBodyReader bodies,
    ChatRequestReader requests,
    ModelSelector models,
    ChatCompletionMapper mapper,
    VocabularySizes vocabularies,
    TextGenerator generator,
    IOptions<ServerOptions> options,
    IOptions<InferenceOptions> inference,
    TimeProvider time)
{
    private static readonly JsonBodyRules s_rules = new();

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
            vocabularies.Check(model, request.Sampling.LogitBias);
            generationRequest = mapper.Map(request, model, record) with { Client = ClientNames.Of(context) };
        }

        if (request.IgnoredFields.Count > 0)
        {
            context.Response.Headers["llava-ignored-params"] = string.Join(',', request.IgnoredFields);
        }

        await using var generation = await generator.StartAsync(generationRequest, context.RequestAborted);
        QueueHeader.Set(context, generation);
        var answer = new ChatAnswer
        {
            Created = time.GetUtcNow().ToUnixTimeSeconds(),
            Model = ModelNames.Display(model.Name),
            Fingerprint = Fingerprint.Of(model, inference.Value.Engine),
            IncludesUsage = request.IncludesUsage,
            HasServiceTier = request.HasServiceTier,
            ImageCount = record.Images,
        };
        if (request.IsStream)
        {
            using var stream = new ChatStream(context, answer, request, options.Value, time);
            await stream.RunAsync(generation);
            return;
        }

        await AnswerWholeAsync(context, record, answer, generation);
    }

    private static async Task AnswerWholeAsync(HttpContext context, RequestRecord record, ChatAnswer answer, Generation generation)
    {
        var text = new StringBuilder();
        var trim = new LeadingTrim();
        await foreach (var update in generation.ReadAllAsync(context.RequestAborted))
        {
            text.Append(trim.Next(update.Text));
            if (text.Length > 0)
            {
                record.TimeToFirstToken ??= record.Elapsed;
            }

            if (update.FinishReason is { } reason)
            {
                record.Complete(update, ChatCompletionWriter.NameOf(reason));
                await OpenAIJson.WriteResponseAsync(
                    context,
                    (answer, text: text.ToString(), update),
                    static (writer, state) => ChatCompletionWriter.WriteCompletion(writer, state.answer, state.text, state.update));
            }
        }
    }
}
