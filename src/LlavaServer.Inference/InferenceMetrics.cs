using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference;

/// <summary>
/// All instruments of inference on the meter <c>LlavaServer</c>, with the names of the OpenTelemetry GenAI conventions where they have one. Labels
/// are names of installed models and fixed words, never text of a caller. Thread-safe; one for the process.
/// </summary>
public sealed class InferenceMetrics
{
    public const string MeterName = "LlavaServer";

    private readonly ConcurrentDictionary<string, Func<(int Running, int Waiting, int Slots)>> _queues = new();
    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;
    private readonly Histogram<double> _queueDuration;
    private readonly Counter<long> _queueRejected;
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _generationTokens;
    private readonly Counter<long> _images;
    private readonly Histogram<double> _imageEncodeDuration;
    private readonly Histogram<long> _imageSize;
    private readonly Histogram<int> _batchSequences;
    private readonly Histogram<double> _loadDuration;
    private readonly Counter<long> _requests;
    private Func<long> _imageCache = static () => 0;
    private long _promptTotal;
    private long _cachedTotal;
    private long _promptTicks;
    private long _generatedTotal;
    private long _generationTicks;
    private long _steps;
    private long _stepSequences;
    private long _mostTokens;

    public InferenceMetrics(IMeterFactory meterFactory)
    {
        ArgumentNullException.ThrowIfNull(meterFactory);
        var meter = meterFactory.Create(MeterName);
        Meter = meter;
        _requestDuration = meter.CreateHistogram<double>("gen_ai.server.request.duration", "s", "Time of a generation from its queue place to its end.");
        _timeToFirstToken = meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "Time from queue place to first token.");
        _timePerOutputToken = meter.CreateHistogram<double>("gen_ai.server.time_per_output_token", "s", "Mean time between tokens after the first.");
        _requests = meter.CreateCounter<long>("llavaserver.requests", "{request}", "Generations that ended, by outcome.");
        _queueDuration = meter.CreateHistogram<double>("llavaserver.queue.duration", "s", "Time that a request waited for a slot.");
        _queueRejected = meter.CreateCounter<long>("llavaserver.queue.rejected", "{request}", "Requests refused by the queue.");
        _promptTokens = meter.CreateCounter<long>("llavaserver.prompt.tokens", "{token}", "Prompt tokens and image rows, computed or cached.");
        _generationTokens = meter.CreateCounter<long>("llavaserver.generation.tokens", "{token}", "Tokens of answers.");
        _images = meter.CreateCounter<long>("llavaserver.images", "{image}", "Pictures encoded, found in the cache, or refused.");
        _imageEncodeDuration = meter.CreateHistogram<double>("llavaserver.image.encode.duration", "s", "Time of vision tower and projector for one picture.");
        _imageSize = meter.CreateHistogram<long>("llavaserver.image.size", "By", "Size of picture files.");
        _batchSequences = meter.CreateHistogram<int>("llavaserver.batch.sequences", "{sequence}", "Sequences in one step.");
        _loadDuration = meter.CreateHistogram<double>("llavaserver.model.load.duration", "s", "Time to load a model.");
        meter.CreateObservableGauge("llavaserver.requests.running", () => ObserveQueues(q => q.Running), "{request}", "Requests that hold a slot.");
        meter.CreateObservableGauge("llavaserver.queue.depth", () => ObserveQueues(q => q.Waiting), "{request}", "Requests that wait for a slot.");
        meter.CreateObservableGauge("llavaserver.slots", () => ObserveQueues(q => q.Slots), "{slot}", "Sequences that can be decoded together.");
        meter.CreateObservableGauge("llavaserver.image_cache.usage", () => _imageCache(), "By", "Embeddings of seen pictures that are kept.");
        meter.CreateObservableGauge("llavaserver.saturation", Saturation, "1", "Running and waiting requests by slots, over all models.");
    }

    internal Meter Meter { get; }

    /// <summary>Sums over all generations that ended, and over all steps.</summary>
    public GenerationTotals Totals => new()
    {
        PromptTokens = Interlocked.Read(ref _promptTotal),
        CachedTokens = Interlocked.Read(ref _cachedTotal),
        PromptTime = new TimeSpan(Interlocked.Read(ref _promptTicks)),
        GeneratedTokens = Interlocked.Read(ref _generatedTotal),
        GenerationTime = new TimeSpan(Interlocked.Read(ref _generationTicks)),
        Steps = Interlocked.Read(ref _steps),
        StepSequences = Interlocked.Read(ref _stepSequences),
        MostTokens = Interlocked.Read(ref _mostTokens),
        Running = _queues.Values.Sum(static queue => queue().Running),
        Waiting = _queues.Values.Sum(static queue => queue().Waiting),
    };

    internal void Observe(string model, Func<(int Running, int Waiting, int Slots)> queue) => _queues[model] = queue;

    internal void ObserveImageCache(Func<long> bytes) => _imageCache = bytes;

    internal void ImageEncoded(string model, TimeSpan duration)
    {
        _images.Add(1, Model(model), new("result", "encoded"));
        _imageEncodeDuration.Record(duration.TotalSeconds, Model(model));
    }

    internal void ImageCached(string model) => _images.Add(1, Model(model), new("result", "cached"));

    internal void ImageRejected(string model, ImageError error) =>
        _images.Add(1, Model(model), new("result", "rejected"), new("error", error.ToString()));

    internal void ImageReceived(long bytes) => _imageSize.Record(bytes);

    internal void QueueRejected(string model, string reason) => _queueRejected.Add(1, Model(model), new("reason", reason));

    internal void Admitted(string model, TimeSpan waited) => _queueDuration.Record(waited.TotalSeconds, Model(model));

    internal void FirstToken(string model, TimeSpan sinceReserved) => _timeToFirstToken.Record(sinceReserved.TotalSeconds, Model(model));

    internal void Stepped(string model, int sequences)
    {
        _batchSequences.Record(sequences, Model(model));
        Interlocked.Increment(ref _steps);
        Interlocked.Add(ref _stepSequences, sequences);
    }

    internal void Loaded(string model, TimeSpan duration, bool succeeded) =>
        _loadDuration.Record(duration.TotalSeconds, Model(model), new("result", succeeded ? "ok" : "error"));

    /// <summary>A client left before its request had a slot.</summary>
    internal void Left(string model, string api) => _requests.Add(1, new TagList { Model(model), new("api", api), new("outcome", "cancelled") });

    internal void Ended(string model, string api, string outcome, InferenceError? failure, GenerationTimings timings, UsageDetails usage)
    {
        var tags = new TagList { Model(model), new("api", api), new("outcome", outcome) };
        _requestDuration.Record(timings.Total.TotalSeconds, tags);
        if (failure is { } error)
        {
            tags.Add("error", error.ToString());
        }

        _requests.Add(1, tags);
        _promptTokens.Add(usage.PromptTokens - usage.CachedTokens, Model(model), new("source", "computed"));
        _promptTokens.Add(usage.CachedTokens, Model(model), new("source", "cached"));
        _generationTokens.Add(usage.CompletionTokens, Model(model));
        AddUp(timings, usage);
        if (usage.CompletionTokens > 1)
        {
            _timePerOutputToken.Record(timings.Decode.TotalSeconds / (usage.CompletionTokens - 1), Model(model));
        }
    }

    private void AddUp(GenerationTimings timings, UsageDetails usage)
    {
        Interlocked.Add(ref _promptTotal, usage.PromptTokens - usage.CachedTokens);
        Interlocked.Add(ref _cachedTotal, usage.CachedTokens);
        Interlocked.Add(ref _promptTicks, timings.Prefill.Ticks);
        Interlocked.Add(ref _generatedTotal, usage.CompletionTokens);
        Interlocked.Add(ref _generationTicks, timings.Decode.Ticks);
        long tokens = usage.PromptTokens + usage.CompletionTokens;
        var most = Interlocked.Read(ref _mostTokens);
        while (tokens > most)
        {
            var found = Interlocked.CompareExchange(ref _mostTokens, tokens, most);
            most = found == most ? tokens : found;
        }
    }

    private static KeyValuePair<string, object?> Model(string model) => new("model", model);

    private IEnumerable<Measurement<int>> ObserveQueues(Func<(int Running, int Waiting, int Slots), int> value) =>
        _queues.Select(q => new Measurement<int>(value(q.Value()), Model(q.Key)));

    private double Saturation()
    {
        var (busy, slots) = (0, 0);
        foreach (var queue in _queues.Values)
        {
            var (running, waiting, count) = queue();
            busy += running + waiting;
            slots += count;
        }

        return slots == 0 ? 0 : (double)busy / slots;
    }
}
