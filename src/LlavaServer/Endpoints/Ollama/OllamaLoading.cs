using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Requests without a prompt, which load a model or take it out of memory, and the list of models in memory. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaLoading(ModelPool pool, IOptions<InferenceOptions> options, TimeProvider time)
{
    /// <summary>Clients show times more than 20 years ahead as "Forever"; Go's longest duration is 292 years.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(292 * 365.25);

    /// <summary>
    /// Loads the model, or takes it out of memory when its running requests are done, and makes the one object that answers, whatever <c>stream</c> says.
    /// </summary>
    public async Task<OllamaPiece> LoadAsync(OllamaRequest request, ModelEntry model, CancellationToken cancellationToken)
    {
        if (request.KeepAlive.IsUnload)
        {
            pool.Unload(model);
            return new OllamaPiece(request.Model, time.GetUtcNow(), "") { DoneReason = "unload" };
        }

        await LoadAsync(request.KeepAlive, request.Options, model, cancellationToken);
        return new OllamaPiece(request.Model, time.GetUtcNow(), "") { DoneReason = "load" };
    }

    /// <summary>Loads the model; with a keep-alive of zero it leaves memory at once.</summary>
    public async Task LoadAsync(KeepAlive keepAlive, OllamaOptions options, ModelEntry model, CancellationToken cancellationToken)
    {
        var demand = new ModelDemand { KeepAlive = keepAlive.ForPool, ContextLength = OllamaMapper.ContextLength(options, model) };
        using var lease = await pool.LoadAsync(model, demand, cancellationToken);
    }

    public OllamaRunningModels Running()
    {
        var forever = time.GetUtcNow() + Forever;
        return new([.. pool.Running.Select(running => new OllamaRunningModel
        {
            Name = running.Model.Entry.Name,
            Model = running.Model.Entry.Name,
            Size = running.MemoryBytes,
            Digest = running.Model.Entry.Digest,
            Details = OllamaModelDetails.Of(running.Model.Entry),
            ExpiresAt = running.ExpiresAt is { } expiry && expiry < forever ? expiry : forever,
            SizeVram = Math.Min(running.MemoryBytes, running.Model.Info.DeviceMemoryBytes),
            ContextLength = running.Model.Info.ContextLength,
            Engine = running.Model.Info.EngineName,
            Device = running.Model.Info.Device,
            Threads = options.Value.Engine.Threads > 0 ? options.Value.Engine.Threads : Environment.ProcessorCount,
            Queue = new OllamaQueue(running.Queue.Running, running.Queue.Waiting, running.Queue.Slots),
        })]);
    }
}
