using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Scheduling;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// The models of the catalog, loaded on first demand and kept. Thread-safe; one for the process, which disposes it to end schedulers and engines.
/// </summary>
public sealed partial class ModelPool : IDisposable
{
    private readonly Dictionary<string, PooledModel> _models = [];
    private readonly ILogger<ModelPool> _logger;

    internal ModelPool(
        ModelCatalog catalog, ModelLoader loader, IOptions<InferenceOptions> options, InferenceMetrics metrics, TimeProvider time, ILogger<ModelPool> logger)
    {
        _logger = logger;
        foreach (var entry in catalog.Entries)
        {
            var queue = new RequestQueue(options.Value.Engine.Slots, options.Value.Queue.MaxQueue, time);
            metrics.Observe(entry.Name, () => queue.Counts);
            _models.Add(entry.Name, new PooledModel(entry, queue, loader, OnLoaded, fault => Log.EngineFailed(logger, entry.Name, fault)));
        }
    }

    /// <summary>Models in memory.</summary>
    public IReadOnlyList<LoadedModel> Loaded => [.. _models.Values.Select(m => m.Loaded).OfType<LoadedModel>()];

    /// <summary>Loads a model if it is not in memory. Throws <see cref="InferenceException"/> with the reason why it cannot be.</summary>
    public Task<LoadedModel> LoadAsync(ModelEntry entry, CancellationToken cancellationToken) => Find(entry).GetAsync(cancellationToken);

    public void Dispose()
    {
        foreach (var model in _models.Values)
        {
            model.Dispose();
        }
    }

    internal PooledModel Find(ModelEntry entry) => _models[entry.Name];

    internal IEnumerable<PooledModel> Models => _models.Values;

    private void OnLoaded(LoadedModel model)
    {
        Log.Loaded(_logger, model.Entry.Name, model.Info.MemoryBytes, model.ChatTemplateName ?? "none", model.ChatTemplateSource);
        if (model.ChatTemplateWarning is { } warning)
        {
            Log.TemplateWarning(_logger, model.Entry.Name, warning);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The engine of {Model} failed; it is loaded again for the next request")]
        public static partial void EngineFailed(ILogger logger, string model, Exception exception);

        [LoggerMessage(2, LogLevel.Warning, "{Model}: {Warning}")]
        public static partial void TemplateWarning(ILogger logger, string model, string warning);

        [LoggerMessage(3, LogLevel.Information, "Model {Model} loaded: {Memory} bytes, chat template {Template} ({Source})")]
        public static partial void Loaded(ILogger logger, string model, long memory, string template, string source);
    }
}
