using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>
/// Makes models in the store out of models and files. A creation that ends at any moment leaves the former model as it was; what it has written by then
/// goes away with the next clean-up. Thread-safe; one for the process.
/// </summary>
/// <param name="store">Where models are.</param>
/// <param name="detect">Finds the Go template that does what a file's own chat template does, by the file's metadata; null when it knows none.</param>
/// <param name="time">Of the pauses between reports.</param>
public sealed class ModelCreator(ModelStore store, Func<GgufMetadata, DetectedTemplate?> detect, TimeProvider time)
{
    /// <summary>Creates one model. Throws <see cref="CreationException"/>, or <see cref="StoreException"/>; then no model has changed.</summary>
    /// <param name="request">What it is made of.</param>
    /// <param name="report">Called with each step, one at a time.</param>
    /// <param name="cancellationToken">Ends the creation; nothing of it is left.</param>
    public async Task CreateAsync(CreationRequest request, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(report);
        var layers = new LayerList(store.Blobs);
        ModelManifest? former;
        ModelManifest manifest;
        try
        {
            using var adding = await Task.Run(store.BeginAdding, cancellationToken).ConfigureAwait(false);
            (manifest, former) = await WriteAsync(WithBase(request), layers, report, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Here the lock of those who add is free again.
            Forget(layers);
            if (failure is GgufException or ImportException)
            {
                throw new CreationException(CreationError.Invalid, failure.Message, failure);
            }

            throw;
        }

        if (former is not null && former.Digest != manifest.Digest && request.RemovesFormer)
        {
            await Task.Run(() => store.RemoveUnused(former.Files.Select(static file => file.Digest)), CancellationToken.None).ConfigureAwait(false);
        }

        await report(new PullProgress("success")).ConfigureAwait(false);
    }

    private async Task<(ModelManifest Manifest, ModelManifest? Former)> WriteAsync(
        CreationRequest request, LayerList layers, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        var work = new CreationWork(store, report, time, cancellationToken);
        var weights = new WeightLayers(store.Blobs, layers, work, detect);
        var (mix, draftMix) = (MixOf(request.Quantization), MixOf(request.DraftQuantization));
        var detected = await weights.AddAsync(request, mix, draftMix).ConfigureAwait(false);
        var config = await Task.Run(
            () =>
            {
                new TextLayers(store.Blobs, layers).Add(request, detected);
                var description = ModelDescriptionWriter.Write(request, weights, layers.Layers, store.Blobs);
                return store.Blobs.Add(description, LayerTypes.Config);
            },
            cancellationToken).ConfigureAwait(false);
        foreach (var status in layers.Statuses)
        {
            await report(new PullProgress(status)).ConfigureAwait(false);
        }

        await report(new PullProgress("writing manifest")).ConfigureAwait(false);
        var manifest = ModelManifest.Create(config, layers.Layers);
        var written = await Task.Run(() => store.Write(request.Name, manifest), cancellationToken).ConfigureAwait(false);
        return (manifest, written.Former);
    }

    // From now on nothing of the base goes away; what it is now may be another model than the caller found.
    private CreationRequest WithBase(CreationRequest request) => request.Base is not { } found ? request : request with
    {
        Base = store.Find(found.Name) ?? throw new CreationException(CreationError.BaseIsGone, $"model '{found.Name.Display}' not found"),
    };

    private static QuantizationMix? MixOf(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        try
        {
            return QuantizationMix.Parse(name);
        }
        catch (GgufException failure)
        {
            throw new CreationException(
                CreationError.Quantization,
                $"unsupported quantization type {GgufText.Quote(name.ToUpperInvariant())[1..^1]} - supported types are {string.Join(", ", QuantizationMix.All.Select(static mix => mix.Name))}",
                failure);
        }
    }

    // What nobody names and somebody else may have found by now stays; it is not worth another failure.
    private void Forget(LayerList layers)
    {
        try
        {
            if (layers.Created.Count > 0)
            {
                store.RemoveUnused(layers.Created);
            }
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            // The clean-up at the next start finds it.
        }
    }
}
