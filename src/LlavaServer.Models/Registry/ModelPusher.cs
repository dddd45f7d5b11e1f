using System.Net.Http.Headers;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>
/// Pushes models of the store to registries (the distribution specification): files that the registry has not, then the manifest, byte for byte.
/// Thread-safe; one for the process.
/// </summary>
public sealed class ModelPusher(ModelStore store, RegistryNetwork network, Func<RegistryKey?> key, DownloadOptions options, TimeProvider time)
{
    private static readonly string[] s_knowKeys = [ModelName.DefaultHost, "ollama.com"];

    /// <summary>Pushes one model. Throws <see cref="RegistryException"/>, or <see cref="StoreException"/> when one of its files is not there.</summary>
    /// <param name="model">Under its own name.</param>
    /// <param name="isInsecure">Plain HTTP.</param>
    /// <param name="report">Called with each step, one at a time.</param>
    /// <param name="cancellationToken">Ends the push.</param>
    public async Task PushAsync(StoredModel model, bool isInsecure, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(report);
        await report(new PullProgress("retrieving manifest")).ConfigureAwait(false);
        var address = new RegistryAddress(model.Name, isInsecure);
        using var session = new RegistrySession(network, address, s_knowKeys.Contains(address.Base.Authority.ToLowerInvariant()) ? key() : null, time);
        using (await Task.Run(store.BeginAdding, cancellationToken).ConfigureAwait(false))
        {
            foreach (var file in model.Manifest.Files.DistinctBy(static file => file.Digest))
            {
                await FileAsync(session, file, report, cancellationToken).ConfigureAwait(false);
            }
        }

        await report(new PullProgress("pushing manifest")).ConfigureAwait(false);
        using var response = await session.SendAsync(
            HttpMethod.Put,
            address.Manifest,
            request =>
            {
                request.Content = new ReadOnlyMemoryContent(model.Manifest.Bytes);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(LayerTypes.Manifest);
            },
            cancellationToken).ConfigureAwait(false);
        await BlobUpload.CheckAsync(session, response, "the manifest", cancellationToken).ConfigureAwait(false);
        await report(new PullProgress("success")).ConfigureAwait(false);
    }

    private async Task FileAsync(RegistrySession session, ManifestLayer file, Func<PullProgress, ValueTask> report, CancellationToken cancellationToken)
    {
        var progress = new PullProgress("pushing " + file.Digest.Hex[..12]) { Digest = file.Digest, Total = file.Size };
        using (var probe = await session.SendAsync(HttpMethod.Head, session.Address.Blob(file.Digest), null, cancellationToken).ConfigureAwait(false))
        {
            if (probe.IsSuccessStatusCode)
            {
                await report(progress with { Completed = file.Size }).ConfigureAwait(false);
                return;
            }
        }

        if (store.Blobs.LengthOf(file.Digest) != file.Size)
        {
            throw new StoreException(StoreError.MissingBlob, $"the file {file.Digest} is not in the store, or has not {file.Size} bytes");
        }

        var upload = new BlobUpload(session, store.Blobs, file, options, time);
        var sending = upload.RunAsync(cancellationToken);
        while (!sending.IsCompleted)
        {
            await report(progress with { Completed = upload.Sent }).ConfigureAwait(false);
            await Task.WhenAny(sending, Task.Delay(options.Report, cancellationToken)).ConfigureAwait(false);
        }

        await sending.ConfigureAwait(false);
        await report(progress with { Completed = file.Size }).ConfigureAwait(false);
    }
}
