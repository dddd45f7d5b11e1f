using System.Net;
using System.Net.Http.Headers;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>
/// Pulls models from registries into the store (the distribution specification as Ollama uses it). A pull that ends at any moment leaves the former model as
/// it was and what it has got so far for the next one. Thread-safe; one for the process.
/// </summary>
public sealed class ModelPuller(ModelStore store, RegistryNetwork network, Func<RegistryKey?> key, DownloadOptions options, TimeProvider time)
{
    private const int MaxLayers = 64;

    /// <summary>Registries that know installations by their key; no other is shown it.</summary>
    private static readonly string[] s_knowKeys = [ModelName.DefaultHost, "ollama.com", "hf.co", "huggingface.co"];

    private readonly SharedDownloads _downloads = new();

    /// <summary>
    /// Pulls one model. Throws <see cref="RegistryException"/>, or <see cref="StoreException"/>; then no model has changed.
    /// </summary>
    /// <param name="name">With the registry's host.</param>
    /// <param name="isInsecure">Plain HTTP.</param>
    /// <param name="removesFormer">Files that only the former model of this name used go away.</param>
    /// <param name="report">Called with each step, one at a time.</param>
    /// <param name="cancellationToken">Ends the pull; what is there is kept.</param>
    public async Task PullAsync(ModelName name, bool isInsecure, bool removesFormer, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(report);
        var address = new RegistryAddress(name, isInsecure);
        ModelManifest? former;
        ModelManifest manifest;
        using (await Task.Run(store.BeginAdding, cancellationToken).ConfigureAwait(false))
        {
            await report(new PullProgress("pulling manifest")).ConfigureAwait(false);
            manifest = await ManifestAsync(address, cancellationToken).ConfigureAwait(false);
            CheckSpace(manifest);
            foreach (var file in manifest.Files.DistinctBy(static file => file.Digest))
            {
                await FileAsync(address, file, report, cancellationToken).ConfigureAwait(false);
            }

            await report(new PullProgress("verifying sha256 digest")).ConfigureAwait(false);
            await report(new PullProgress("writing manifest")).ConfigureAwait(false);
            former = (await Task.Run(() => store.Write(name, manifest), cancellationToken).ConfigureAwait(false)).Former;
        }

        if (former is not null && former.Digest != manifest.Digest && removesFormer)
        {
            await report(new PullProgress("removing unused layers")).ConfigureAwait(false);
            await Task.Run(() => store.RemoveUnused(former.Files.Select(static file => file.Digest)), CancellationToken.None).ConfigureAwait(false);
        }

        await report(new PullProgress("success")).ConfigureAwait(false);
    }

    private async Task<ModelManifest> ManifestAsync(RegistryAddress address, CancellationToken cancellationToken)
    {
        try
        {
            using var session = Session(address);
            using var response = await session.SendAsync(
                HttpMethod.Get, address.Manifest, static request => request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(LayerTypes.Manifest)), cancellationToken)
                .ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new RegistryException(response.StatusCode switch
                {
                    HttpStatusCode.NotFound => "file does not exist",
                    HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "unauthorized: access denied",
                    var status => $"the registry answers {(int)status}{await session.ReasonAsync(response, cancellationToken).ConfigureAwait(false)}",
                });
            }

            var manifest = ModelManifest.Parse(await RegistryBody.ReadAsync(response, ModelManifest.MaxBytes, cancellationToken).ConfigureAwait(false));
            if (manifest.Layers.Count > MaxLayers || manifest.First(LayerTypes.Model) is null)
            {
                throw new RegistryException(manifest.Layers.Count > MaxLayers ? $"the model has more than {MaxLayers} files" : "what is there is no model that this server can use");
            }

            return manifest;
        }
        catch (RegistryException failure)
        {
            throw new RegistryException("pull model manifest: " + failure.Message, failure.MayPass, failure);
        }
    }

    private void CheckSpace(ModelManifest manifest)
    {
        var missing = manifest.Files.DistinctBy(static file => file.Digest).Where(file => store.Blobs.LengthOf(file.Digest) != file.Size).Sum(static file => file.Size);
        if (store.FreeBytes is { } free && missing > free + Partial(manifest))
        {
            throw new StoreException(StoreError.DiskFull, $"there is no space left for the model store: {missing - free} bytes are missing");
        }
    }

    // What an earlier try has got takes its space already.
    private long Partial(ModelManifest manifest) => manifest.Files.DistinctBy(static file => file.Digest)
        .Sum(file => new PartFiles(store.Blobs.Folder, file.Digest).Read(file.Size)?.Sum(static part => part.Completed) ?? 0);

    private async Task FileAsync(RegistryAddress address, ManifestLayer file, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        var progress = new PullProgress("pulling " + file.Digest.Hex[..12]) { Digest = file.Digest, Total = file.Size };
        if (store.Blobs.LengthOf(file.Digest) != file.Size)
        {
            await _downloads.WaitAsync(
                file.Digest,
                () =>
                {
                    var session = Session(address);
                    return (new BlobDownload(session, store.Blobs, file.Digest, file.Size, options, time), session);
                },
                bytes => report(progress with { Completed = bytes }),
                options.Report,
                cancellationToken).ConfigureAwait(false);
        }

        await report(progress with { Completed = file.Size }).ConfigureAwait(false);
    }

    private RegistrySession Session(RegistryAddress address) =>
        new(network, address, s_knowKeys.Contains(address.Base.Authority.ToLowerInvariant()) ? key() : null, time);
}
