using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>Layers out of the files of a Hugging Face checkpoint: a language model, for one that sees a projector, or an adapter. One creation.</summary>
internal sealed class CheckpointLayers(BlobStore blobs, LayerList layers, CreationWork work)
{
    private const string Weights = ".safetensors";

    /// <param name="request">With the checkpoint's files.</param>
    /// <param name="mix">The recipe of the language model; null is F16.</param>
    /// <param name="replace">Called with the types of the layers that it gives, before they are added.</param>
    public async Task AddAsync(CreationRequest request, QuantizationMix? mix, Action<string> replace)
    {
        var files = Files(request.Files);
        if (files.Find("adapter_config.json") is not null)
        {
            throw new CreationException(CreationError.Invalid, "the checkpoint is an adapter (LoRA): name it as the adapter of a model (ADAPTER in a Modelfile)");
        }

        Action<long> report = static _ => { };
        var token = CancellationToken.None;
        using var model = await work.RunAsync(() => HuggingFaceImporter.Prepare(
            files,
            mix ?? QuantizationMix.Of(TensorType.F16),
            request.Name.Model,
            bytes =>
            {
                token.ThrowIfCancellationRequested();
                report(bytes);
            },
            CancellationToken.None)).ConfigureAwait(false);
        var step = new PullProgress(mix is null ? "converting model" : $"quantizing {TensorTypes.Name(model.SourceType)} model to {mix.Name}")
        {
            Digest = request.Files.First(static file => IsWeights(file.Name)).Digest,
            Total = model.SourceBytes,
        };
        replace(LayerTypes.Model);
        if (model.Vision is not null)
        {
            replace(LayerTypes.Projector);
        }

        await work.RunAsync(step, (advanced, stop) =>
        {
            (report, token) = (advanced, stop);
            Add(LayerTypes.Model, model.Language);
            if (model.Vision is { } vision)
            {
                Add(LayerTypes.Projector, vision);
            }

            return true;
        }).ConfigureAwait(false);
        await work.ReportAsync("verifying conversion").ConfigureAwait(false);
    }

    /// <summary>An adapter in the form of PEFT.</summary>
    /// <param name="adapter">Its files.</param>
    /// <param name="modelPath">The language model that it is for.</param>
    public async Task AddAdapterAsync(IReadOnlyList<CreationFile> adapter, string modelPath)
    {
        var files = Files(adapter);
        Action<long> report = static _ => { };
        var token = CancellationToken.None;
        using var model = await work.RunAsync(() => GgufSource.Open([modelPath])).ConfigureAwait(false);
        using var imported = await work.RunAsync(() => AdapterImporter.Prepare(
            files,
            model,
            bytes =>
            {
                token.ThrowIfCancellationRequested();
                report(bytes);
            },
            CancellationToken.None)).ConfigureAwait(false);
        var step = new PullProgress("converting adapter") { Digest = adapter.First(static file => IsWeights(file.Name)).Digest, Total = imported.SourceBytes };
        await work.RunAsync(step, (advanced, stop) =>
        {
            (report, token) = (advanced, stop);
            layers.Remove(LayerTypes.Adapter);
            Add(LayerTypes.Adapter, imported.Language);
            return true;
        }).ConfigureAwait(false);
        await work.ReportAsync("verifying conversion").ConfigureAwait(false);
    }

    public static bool IsWeights(string name) => name.EndsWith(Weights, StringComparison.OrdinalIgnoreCase);

    private void Add(string mediaType, GgufWriter writer)
    {
        var (digest, size, isNew) = work.Store(writer);
        layers.Add(mediaType, digest, size, isNew);

        // Read back as whoever serves it will.
        GgufSource.Open([blobs.PathOf(digest)]).Dispose();
    }

    private CheckpointFiles Files(IReadOnlyList<CreationFile> files)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            // Folders are the owner's business; names tell files apart.
            var name = file.Name[(file.Name.LastIndexOf('/') + 1)..];
            if (blobs.LengthOf(file.Digest) is null)
            {
                throw new CreationException(CreationError.Invalid, $"the file {GgufText.Quote(name)} was not uploaded: there is no blob {file.Digest}");
            }

            if (!paths.TryAdd(name, blobs.PathOf(file.Digest)))
            {
                throw new CreationException(CreationError.Invalid, $"two files are called {GgufText.Quote(name)}");
            }
        }

        return new CheckpointFiles(paths);
    }
}
