using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Requests without a prompt, which load a model, and the list of models in memory. The pool keeps what it has loaded, so that every
/// <c>keep_alive</c> is honoured as "at least"; a request to unload is refused. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaLoading(ModelPool pool, TimeProvider time)
{
    /// <summary>Clients show times more than 20 years ahead as "Forever"; Go's longest duration is 292 years.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(292 * 365.25);

    /// <summary>Loads the model and makes the one object that answers, whatever <c>stream</c> says. Throws 400 for a request to unload.</summary>
    public async Task<OllamaPiece> LoadAsync(OllamaRequest request, ModelEntry model, CancellationToken cancellationToken)
    {
        if (request.KeepAlive.IsUnload)
        {
            throw RequestException.Unsupported(
                "keep_alive", "unloading models (keep_alive 0 without a prompt) is not available in this version of LlavaServer; models stay in memory");
        }

        await pool.LoadAsync(model, cancellationToken);
        return new OllamaPiece(request.Model, time.GetUtcNow(), "") { DoneReason = "load" };
    }

    public OllamaRunningModels Running() => new([.. pool.Loaded.Select(model => new OllamaRunningModel
    {
        Name = model.Entry.Name,
        Model = model.Entry.Name,
        Size = model.Info.MemoryBytes,
        Digest = model.Entry.Digest,
        Details = OllamaModelDetails.Of(model.Entry),
        ExpiresAt = time.GetUtcNow() + Forever,
        SizeVram = 0,
        ContextLength = model.Info.ContextLength,
    })]);
}
