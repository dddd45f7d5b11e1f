using System.Collections.Concurrent;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Embeddings;

/// <summary>
/// Front door of embeddings: checks and tokenizes all inputs, then sends them through the queue of their model as <see cref="TextGenerator"/> does with
/// prompts, as many at once as there are slots. Every refusal names its input. Thread-safe; one for the process.
/// </summary>
public sealed class TextEmbedder
{
    private static readonly TimeSpan FullQueueWait = TimeSpan.FromMilliseconds(50);

    private readonly TextGenerator _generator;
    private readonly ModelTexts _texts;
    private readonly InferenceOptions _options;
    private readonly TimeProvider _time;

    public TextEmbedder(TextGenerator generator, ModelTexts texts, IOptions<InferenceOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _generator = generator;
        _texts = texts;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Throws <see cref="InferenceException"/> when the request is refused or fails: there are all vectors or none.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfZero(request.Inputs.Count, nameof(request));
        var started = _time.GetTimestamp();
        var entry = _generator.FindModel(request.Model);
        var pooling = PoolingOf(entry);
        var context = Math.Min(request.ContextLength ?? int.MaxValue, ContextOf(entry, request));
        var prompts = request.Inputs.Select(input => Tokenize(entry, input, request.Truncates ? context : int.MaxValue)).ToArray();
        var updates = new GenerationUpdate[prompts.Length];
        var open = new ConcurrentQueue<int>(Enumerable.Range(0, prompts.Length));
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        async Task RunAsync(bool isFirst)
        {
            while (open.TryDequeue(out var index))
            {
                var one = new GenerationRequest
                {
                    Model = request.Model,
                    RawPrompt = prompts[index],
                    Pooling = pooling,
                    ContextLength = request.ContextLength,
                    KeepAlive = request.KeepAlive,
                    Client = request.Client,
                    BoundsLoad = request.BoundsLoad,
                };
                if (await EmbedAsync(one, request.Inputs[index].Path, isFirst && index == 0, isFirst, failing).ConfigureAwait(false) is { } update)
                {
                    updates[index] = update;
                    continue;
                }

                // Someone else has the place: the first runner comes back to it.
                open.Enqueue(index);
                return;
            }
        }

        var others = Math.Min(prompts.Length, _options.Engine.Slots) - 1;
        var runners = Enumerable.Range(0, others + 1).Select(i => RunAsync(i == 0)).ToArray();
        await Task.WhenAll(runners).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var failures = runners.Where(static runner => !runner.IsCompletedSuccessfully).OrderBy(static runner => runner.IsCanceled).ToList();
        if (failures.Count > 0)
        {
            // What failed first cancelled the others.
            await failures[0].ConfigureAwait(false);
        }

        await RunAsync(isFirst: true).ConfigureAwait(false);
        return Result(entry, updates, _time.GetElapsedTime(started));
    }

    /// <summary>Whether a model gives embeddings, by its file and the settings.</summary>
    public bool Embeds(ModelEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return _options.Models.Pooling is "mean" or "cls" or "last" || (_options.Models.Pooling == "auto" && entry.Pooling != PoolingType.Rank);
    }

    private PoolingType PoolingOf(ModelEntry entry) => _options.Models.Pooling switch
    {
        "mean" => PoolingType.Mean,
        "cls" => PoolingType.Cls,
        "last" => PoolingType.Last,
        "auto" when entry.Pooling == PoolingType.None => PoolingType.Last,
        "auto" when entry.Pooling != PoolingType.Rank => entry.Pooling,
        "auto" => throw new InferenceException(
            InferenceError.EmbeddingsNotSupported, $"The model '{entry.Name}' ranks pairs of texts and gives no embeddings.")
        { Parameter = "model" },
        _ => throw new InferenceException(
            InferenceError.EmbeddingsNotSupported, "Embeddings are switched off on this server (Models:Pooling).")
        { Parameter = "model" },
    };

    private int ContextOf(ModelEntry entry, EmbeddingRequest request)
    {
        var usual = _options.Engine.ContextLength > 0 ? _options.Engine.ContextLength : Math.Min(entry.ContextLength, Engines.MemoryEstimate.DefaultContextLength);
        return request.ContextLength is { } wanted ? Math.Max(usual, Math.Min(wanted, entry.ContextLength)) : usual;
    }

    // Text without pictures becomes tokens here, with those that the vocabulary wants around a text; a text beside pictures is tokenized as prompts are.
    private MessagePart[] Tokenize(ModelEntry entry, EmbeddingInput input, int most)
    {
        if (input.Parts.Any(static part => part.ImageBytes is not null))
        {
            return [.. input.Parts];
        }

        try
        {
            IReadOnlyList<int> tokens = input.Parts is [{ TokenIds: { } given }]
                ? given
                : _texts.Tokenize(entry, string.Join('\n', input.Parts.Select(static part => part.Text)), addSpecial: true, parseSpecial: false);
            if (tokens.Count == 0)
            {
                throw new InferenceException(InferenceError.Unsupported, $"'{input.Path}' has no tokens.");
            }

            return [MessagePart.FromTokens(tokens.Count <= most ? tokens : [.. tokens.Take(most)])];
        }
        catch (InferenceException exception) when (exception.Error == InferenceError.Unsupported)
        {
            throw At(input.Path, exception);
        }
    }

    // Null: there is no place in the queue for this one beside the request's others.
    private async Task<GenerationUpdate?> EmbedAsync(
        GenerationRequest request, string path, bool isRefused, bool waits, CancellationTokenSource failing)
    {
        var started = _time.GetTimestamp();
        try
        {
            while (true)
            {
                try
                {
                    await using var generation = await _generator.StartAsync(request, failing.Token).ConfigureAwait(false);
                    await foreach (var update in generation.ReadAllAsync(failing.Token).ConfigureAwait(false))
                    {
                        return update;
                    }
                }
                catch (InferenceException exception) when (exception.Error == InferenceError.QueueFull && !isRefused && _time.GetElapsedTime(started) < _options.Queue.MaxWait)
                {
                    if (!waits)
                    {
                        return null;
                    }

                    await Task.Delay(FullQueueWait, _time, failing.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception)
        {
            await failing.CancelAsync().ConfigureAwait(false);
            throw exception is InferenceException { Parameter: null, Error: InferenceError.PromptTooLong or InferenceError.Unsupported } refusal
                ? At(path, refusal)
                : exception;
        }
    }

    private static InferenceException At(string path, InferenceException refusal) => new(refusal.Error, refusal.Message, refusal)
    {
        Parameter = path,
        PromptTokens = refusal.PromptTokens,
        ContextLength = refusal.ContextLength,
    };

    private static EmbeddingResult Result(ModelEntry entry, GenerationUpdate[] updates, TimeSpan total) => new()
    {
        ModelName = entry.Name,
        Embeddings = [.. updates.Select(static update => update.Embedding!)],
        Usage = new UsageDetails
        {
            PromptTokens = updates.Sum(static update => update.Usage!.PromptTokens),
            CompletionTokens = 0,
            CachedTokens = updates.Sum(static update => update.Usage!.CachedTokens),
            ImageTokens = updates.Sum(static update => update.Usage!.ImageTokens),
        },
        Timings = new GenerationTimings
        {
            Queued = updates.Max(static update => update.Timings!.Queued),
            Load = updates.Max(static update => update.Timings!.Load),
            ImageEncode = updates.Max(static update => update.Timings!.ImageEncode),
            Prefill = updates.Max(static update => update.Timings!.Prefill),
            Decode = TimeSpan.Zero,
            Total = total,
        },
    };
}
