using System.Globalization;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Scheduling;
using LlavaServer.Models.Gguf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// Turns a model's files into its text side and its engines. Opening files is retried when the disk or network share fails for a moment; what is wrong
/// with the content is not. Thread-safe.
/// </summary>
internal sealed class ModelLoader
{
    private readonly IInferenceEngineFactory _factory;
    private readonly ModelTextReader _readText;
    private readonly ImageDecoder _decoder;
    private readonly ImageEmbeddingCache _cache;
    private readonly InferenceOptions _options;
    private readonly EnginePlaces _places;
    private readonly InferenceMetrics _metrics;
    private readonly ComputeTurns _turns;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelLoader> _logger;
    private readonly ResiliencePipeline _retry;

    public ModelLoader(
        IInferenceEngineFactory factory,
        ModelTextReader readText,
        ImageDecoder decoder,
        ImageEmbeddingCache cache,
        IOptions<InferenceOptions> options,
        InferenceMetrics metrics,
        ComputeTurns turns,
        TimeProvider time,
        ILogger<ModelLoader> logger)
    {
        _factory = factory;
        _readText = readText;
        _decoder = decoder;
        _cache = cache;
        _options = options.Value;
        _places = new EnginePlaces(_options.Engine);
        _metrics = metrics;
        _turns = turns;
        _time = time;
        _logger = logger;
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(IsTransient),
                MaxRetryAttempts = 3,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
    }

    /// <summary>How an engine of a model is to be loaded so that each of its slots holds this many positions.</summary>
    public EngineLoadOptions OptionsFor(ModelEntry entry, int contextLength)
    {
        // Blocks of positions are given out whole.
        var positions = (contextLength + PrefixNode.Size - 1) / PrefixNode.Size * PrefixNode.Size;
        _ = VisionProfileName.TryParse(_options.Engine.VisionProfile, out var profile);
        return new EngineLoadOptions
        {
            SequenceCount = _options.Engine.Slots + _options.Cache.PrefixSequences,
            ContextLength = contextLength,
            KVPositions = _options.Engine.KVPositions > 0 ? Math.Max(_options.Engine.KVPositions, contextLength) : _options.Engine.Slots * positions,
            MaxBatchRows = _options.Engine.StepRows,
            Threads = _options.Engine.Threads,
            VisionProfile = profile,
            GpuLayers = int.TryParse(_options.Engine.GpuLayers, NumberStyles.None, CultureInfo.InvariantCulture, out var layers) ? layers : -1,
            MainGpu = _options.Engine.MainGpu,
            FlashAttention = _options.Engine.FlashAttention switch { "on" => true, "off" => false, _ => null },
            KVCacheType = _options.Engine.KVCacheType,
            InOwnProcess = _places.InOwnProcess(entry.Name),
            Turns = _turns,
        };
    }

    /// <summary>Bytes that a model will take; 0 when its files cannot be read, which loading it will report.</summary>
    public long EstimateMemory(ModelEntry entry, int contextLength)
    {
        if (entry.Unusable is not null)
        {
            return 0;
        }

        try
        {
            return _factory.EstimateMemory(entry.Files, OptionsFor(entry, contextLength));
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>Reads tokenizer and chat template. Throws <see cref="InferenceException"/> with <see cref="InferenceError.ModelLoadFailed"/>.</summary>
    public ModelText ReadText(ModelEntry entry, CancellationToken cancellationToken) =>
        Load(entry, () => _retry.Execute(_ => _readText(entry), cancellationToken));

    /// <summary>Loads an engine and makes its scheduler, which the caller starts. Throws <see cref="InferenceException"/>.</summary>
    /// <param name="entry">What to load.</param>
    /// <param name="text">Its text side.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="queue">Where its requests come from.</param>
    /// <param name="waiting">Sequences left over from an earlier scheduler.</param>
    /// <param name="ended">Called when the scheduler ended.</param>
    /// <param name="progress">Receives 0 to 1.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    public (Scheduler Scheduler, EngineInfo Info) LoadEngine(
        ModelEntry entry,
        ModelText text,
        EngineLoadOptions options,
        RequestQueue queue,
        Func<IReadOnlyList<Sequence>> waiting,
        Action<IReadOnlyList<Sequence>, Exception?> ended,
        IProgress<double>? progress,
        CancellationToken cancellationToken) => Load(entry, () =>
    {
        var started = _time.GetTimestamp();
        var engine = _retry.Execute(token => _factory.Load(entry.Files, options, progress, token), cancellationToken);
        try
        {
            if (text.Tokenizer.VocabularySize != engine.Info.VocabularySize)
            {
                throw new InferenceException(
                    InferenceError.ModelLoadFailed,
                    $"The vocabulary has {text.Tokenizer.VocabularySize} tokens, but the model's logits are {engine.Info.VocabularySize}.");
            }

            var vision = engine.Vision is null
                ? null
                : new VisionWorker(engine.Vision, _decoder, _cache, (entry.Name, entry.Digest), _metrics, _turns, _time, queue.Wake);
            var scheduler = new Scheduler(engine, vision, waiting(), new SchedulerContext
            {
                Model = entry.Name,
                Queue = queue,
                Options = _options,
                Metrics = _metrics,
                Turns = _turns,
                Time = _time,
                Logger = _logger,
                Ended = ended,
            });
            _metrics.Loaded(entry.Name, _time.GetElapsedTime(started), succeeded: true);
            return (scheduler, engine.Info);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    });

    private T Load<T>(ModelEntry entry, Func<T> load)
    {
        var started = _time.GetTimestamp();
        try
        {
            return load();
        }
        catch (Exception exception)
        {
            _metrics.Loaded(entry.Name, _time.GetElapsedTime(started), succeeded: false);
            throw exception switch
            {
                _ when entry.Stored is not null && IsGone(exception) => new InferenceException(
                    InferenceError.ModelNotFound, "The model was deleted while it was being loaded.", exception),
                InferenceException or OperationCanceledException => exception,
                GgufException damaged => new InferenceException(InferenceError.ModelLoadFailed, $"The model file is not usable: {damaged.Message}.", damaged),
                IOException or UnauthorizedAccessException => new InferenceException(
                    InferenceError.ModelLoadFailed, "The model file cannot be read.", exception),
                OutOfMemoryException => new InferenceException(InferenceError.OutOfMemory, "There is not enough memory for the model.", exception),
                _ => new InferenceException(InferenceError.ModelLoadFailed, "The model could not be loaded.", exception),
            };
        }
    }

    private static bool IsGone(Exception exception) => exception is FileNotFoundException or DirectoryNotFoundException
        || (exception is InferenceException { InnerException: { } inner } && IsGone(inner));

    // An engine reports a file that it cannot read as a failed load with the cause inside.
    private static bool IsTransient(Exception exception) => exception switch
    {
        InferenceException { InnerException: { } inner } => IsTransient(inner),
        FileNotFoundException or DirectoryNotFoundException => false,
        _ => exception is IOException,
    };
}
