using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Generates an answer and writes it, line by line or whole. Nothing is sent before the first piece of the answer is there, so that every failure until
/// then keeps its status; a later one is the stream's last line. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaAnswering(TextGenerator generator, OllamaPrompts prompts, IOptions<LimitsOptions> limits, TimeProvider time)
{
    /// <summary>Tries with ever fewer messages before the request is refused; each looks at the whole prompt again.</summary>
    private const int MaxShortenings = 16;

    /// <param name="context">Of the request.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="generation">The same, neutral.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="hasContext">The last object has the tokens of prompt and answer.</param>
    /// <param name="shape">Makes the dialect's object of a piece.</param>
    /// <param name="type">How to write it.</param>
    public async Task WriteAsync<T>(
        HttpContext context, OllamaRequest request, GenerationRequest generation, ModelEntry model, bool hasContext, Func<OllamaPiece, T> shape, JsonTypeInfo<T> type)
    {
        var cancellation = context.RequestAborted;
        var running = await StartAsync(generation, request.Truncate, cancellation);
        await using var _ = running;
        QueueHeader.Set(context, running.Generation);
        var contextOf = hasContext ? model : null;
        if (request.Stream)
        {
            await StreamAsync(context, request, running, contextOf, shape, type);
            return;
        }

        var (text, thinking, written) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        var calls = new OllamaCalls();
        var whole = new List<OllamaToolCall>();
        var tokens = new List<TokenLogProbability>();
        GenerationUpdate last;
        do
        {
            last = running.Take();
            Note(context, last);
            text.Append(last.Text);
            thinking.Append(last.Thinking);
            written.Append(last.Written ?? last.Text);
            whole.AddRange(calls.Take(last) ?? []);
            tokens.AddRange(last.Tokens ?? []);
        }
        while (await running.MoveNextAsync());
        var piece = Last(context, request, last, text.ToString()) with
        {
            Thinking = thinking.Length > 0 ? thinking.ToString() : null,
            ToolCalls = whole.Count > 0 ? whole : null,
            Logprobs = OllamaLogprob.From(tokens),
            Context = contextOf is null ? null : prompts.WriteContext(contextOf, running.Request, written.ToString()),
        };
        await OllamaJson.WriteAsync(context, shape(piece), type);
    }

    private async Task StreamAsync<T>(
        HttpContext context, OllamaRequest request, RunningGeneration running, ModelEntry? contextOf, Func<OllamaPiece, T> shape, JsonTypeInfo<T> type)
    {
        using var stream = new NdjsonStream(context, limits.Value.WriteStall, time);
        var calls = new OllamaCalls();
        var answer = contextOf is null ? null : new StringBuilder();
        try
        {
            do
            {
                var update = running.Take();
                Note(context, update);
                answer?.Append(update.Written ?? update.Text);
                if (update.Thinking.Length > 0 || update.Text.Length > 0 || update.Tokens is { Count: > 0 })
                {
                    var piece = new OllamaPiece(request.Model, time.GetUtcNow(), update.Text)
                    {
                        Thinking = update.Thinking.Length > 0 ? update.Thinking : null,
                        Logprobs = OllamaLogprob.From(update.Tokens),
                    };
                    await WriteLineAsync(stream, shape(piece), type);
                }

                if (calls.Take(update) is { } whole)
                {
                    await WriteLineAsync(stream, shape(new OllamaPiece(request.Model, time.GetUtcNow(), "") { ToolCalls = whole }), type);
                }

                if (update.FinishReason is not null)
                {
                    var last = Last(context, request, update, "") with
                    {
                        Context = contextOf is null ? null : prompts.WriteContext(contextOf, running.Request, answer!.ToString()),
                    };
                    await WriteLineAsync(stream, shape(last), type);
                }
            }
            while (await running.MoveNextAsync());
        }
        catch (InferenceException failure) when (context.Response.HasStarted)
        {
            RequestRecord.Of(context).Error = OllamaErrors.CodeOf(failure);
            await WriteLineAsync(stream, new OllamaError(OllamaErrors.From(failure, request.Model).Message), OllamaJson.Context.OllamaError);
        }
    }

    /// <summary>Starts and waits for the first piece; a prompt that does not fit is shortened as the dialect says.</summary>
    private async Task<RunningGeneration> StartAsync(GenerationRequest request, bool mayDrop, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await RunningGeneration.StartAsync(generator, request, cancellationToken);
            }
            catch (InferenceException failure) when (failure.Error == InferenceError.PromptTooLong && tries < MaxShortenings)
            {
                if (PromptFit.Shorten(request, failure, mayDrop) is not { } shorter)
                {
                    throw;
                }

                request = shorter;
            }
        }
    }

    private OllamaPiece Last(HttpContext context, OllamaRequest request, GenerationUpdate last, string text) => new(request.Model, time.GetUtcNow(), text)
    {
        DoneReason = NameOf(last.FinishReason ?? FinishReason.Stop),
        Metrics = OllamaMetrics.From(last, RequestRecord.Of(context).Elapsed),
    };

    private static void Note(HttpContext context, GenerationUpdate update)
    {
        var record = RequestRecord.Of(context);
        if (update.Text.Length > 0 || update.ToolCalls is not null || update.Thinking.Length > 0)
        {
            record.TimeToFirstToken ??= record.Elapsed;
        }

        if (update.FinishReason is { } reason)
        {
            record.Complete(update, NameOf(reason));
        }
    }

    private static string NameOf(FinishReason reason) => reason == FinishReason.Length ? "length" : "stop";

    private static ValueTask WriteLineAsync<T>(NdjsonStream stream, T value, JsonTypeInfo<T> type) =>
        stream.WriteAsync((value, type), static (writer, line) => JsonSerializer.Serialize(writer, line.value, line.type));
}
