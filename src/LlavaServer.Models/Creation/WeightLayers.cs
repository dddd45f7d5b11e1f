using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>The layers that are files of weights: taken over, put together, converted, quantized. One creation.</summary>
internal sealed class WeightLayers(BlobStore blobs, LayerList layers, CreationWork work, Func<GgufMetadata, DetectedTemplate?> detect)
{
    private const string ProjectorTypeKey = "clip.projector_type";
    private DetectedTemplate? _detected;

    /// <summary>Whether the language model is not the one of the base.</summary>
    public bool HasNewModel { get; private set; }

    /// <summary>The recipe that the base's language model was brought into, or null.</summary>
    public QuantizationMix? Requantized { get; private set; }

    /// <summary>Puts all weights of a request together, and finds the template of those that were uploaded.</summary>
    public async Task<DetectedTemplate?> AddAsync(CreationRequest request, QuantizationMix? mix, QuantizationMix? draftMix)
    {
        KeepBase(request);
        foreach (var (path, mediaType) in request.Outside)
        {
            await AddFileAsync(new WeightFile(mediaType, Path.GetFileName(path), [path], null), mediaType == LayerTypes.Model ? mix : null).ConfigureAwait(false);
        }

        await AddFilesAsync(request, mix).ConfigureAwait(false);
        if (request.Files.Count == 0 && request.Base is not null && mix is not null)
        {
            await QuantizeBaseAsync(mix).ConfigureAwait(false);
        }

        await AddSideFilesAsync(request.Adapters, LayerTypes.Adapter, null).ConfigureAwait(false);
        await AddSideFilesAsync(request.Drafts, LayerTypes.Draft, draftMix).ConfigureAwait(false);
        if (layers.Of(LayerTypes.Model).Count() != 1 && !layers.Of(LayerTypes.Tensor).Any())
        {
            throw new CreationException(
                CreationError.Invalid, layers.Of(LayerTypes.Model).Any() ? "more than one of the files is a language model" : "none of the files is a language model");
        }

        return _detected;
    }

    private void KeepBase(CreationRequest request)
    {
        var from = request.Base?.Name.Display;
        foreach (var layer in request.Base?.Manifest.Layers ?? [])
        {
            layers.Keep(layer with { From = from });
        }
    }

    private async Task AddFilesAsync(CreationRequest request, QuantizationMix? mix)
    {
        if (request.Files.Count == 0)
        {
            return;
        }

        var kept = layers.Layers.Count;
        var detects = string.IsNullOrEmpty(request.Template);
        if (request.Files.Any(static file => CheckpointLayers.IsWeights(file.Name)))
        {
            await new CheckpointLayers(blobs, layers, work).AddAsync(request, mix, Replace).ConfigureAwait(false);
            HasNewModel = true;
            if (detects)
            {
                using var source = await work.RunAsync(() => GgufSource.Open([blobs.PathOf(layers.Of(LayerTypes.Model).Single().Digest)])).ConfigureAwait(false);
                await DetectAsync(source.Metadata).ConfigureAwait(false);
            }
        }
        else
        {
            var files = new List<WeightFile>();
            foreach (var parts in GgufParts.Group(request.Files))
            {
                files.Add(await ParseAsync(parts, mediaType: null).ConfigureAwait(false));
            }

            foreach (var mediaType in files.Select(static file => file.MediaType).Distinct())
            {
                Replace(mediaType);
            }

            foreach (var file in files)
            {
                await AddFileAsync(file, file.MediaType == LayerTypes.Model ? mix : null, detects).ConfigureAwait(false);
            }
        }

        layers.MoveToFront(kept);

        void Replace(string mediaType)
        {
            kept -= layers.Of(mediaType).Count();
            layers.Remove(mediaType);
        }
    }

    private async Task AddSideFilesAsync(IReadOnlyList<CreationFile> files, string mediaType, QuantizationMix? mix)
    {
        if (files.Count == 0)
        {
            return;
        }

        if (files.Any(static file => CheckpointLayers.IsWeights(file.Name)))
        {
            if (mediaType != LayerTypes.Adapter || layers.Of(LayerTypes.Model).ToList() is not [var model])
            {
                throw new CreationException(CreationError.Invalid, "draft models, and adapters of models in safetensors, are taken as GGUF files; convert the safetensors files first");
            }

            await new CheckpointLayers(blobs, layers, work).AddAdapterAsync(files, blobs.PathOf(model.Digest)).ConfigureAwait(false);
            return;
        }

        var groups = GgufParts.Group(files);
        if (groups.Count > 1)
        {
            throw new CreationException(CreationError.Invalid, mediaType == LayerTypes.Adapter ? "only one adapter is currently supported" : "only one draft model is supported");
        }

        var file = await ParseAsync(groups[0], mediaType).ConfigureAwait(false);
        layers.Remove(mediaType);
        await AddFileAsync(file, mix).ConfigureAwait(false);
    }

    private async Task<WeightFile> ParseAsync(GgufParts parts, string? mediaType)
    {
        await work.ReportAsync("parsing GGUF").ConfigureAwait(false);
        return await work.RunAsync(() =>
        {
            var stored = new List<ManifestLayer>();
            foreach (var file in parts.Files)
            {
                var size = blobs.LengthOf(file.Digest)
                    ?? throw new CreationException(CreationError.Invalid, $"the file {GgufText.Quote(file.Name)} was not uploaded: there is no blob {file.Digest}");
                stored.Add(new ManifestLayer("", file.Digest, size));
                CheckMagic(file);
            }

            string[] paths = [.. stored.Select(layer => blobs.PathOf(layer.Digest))];
            using var source = GgufSource.Open(paths);
            var kind = mediaType ?? GgufKind.LayerTypeOf(source.Metadata);
            return new WeightFile(kind, parts.Name, paths, stored is [var whole] ? whole with { MediaType = kind } : null);
        }).ConfigureAwait(false);
    }

    private void CheckMagic(CreationFile file)
    {
        Span<byte> magic = stackalloc byte[4];
        using var stream = File.OpenRead(blobs.PathOf(file.Digest));
        var isGguf = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("GGUF"u8);
        if (!isGguf)
        {
            throw new CreationException(
                CreationError.Invalid, file.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? "supplied file was not in GGUF format" : "unknown type");
        }
    }

    private async Task AddFileAsync(WeightFile file, QuantizationMix? mix, bool detects = false)
    {
        using var source = await work.RunAsync(() => GgufSource.Open(file.Paths)).ConfigureAwait(false);
        HasNewModel |= file.MediaType == LayerTypes.Model;
        if (detects && file.MediaType == LayerTypes.Model)
        {
            await DetectAsync(source.Metadata).ConfigureAwait(false);
        }

        await AddAsync(file, source, mix).ConfigureAwait(false);
    }

    private async Task AddAsync(WeightFile file, GgufSource source, QuantizationMix? mix)
    {
        if (mix is not null && IsOther(source, mix))
        {
            var step = Step($"quantizing {GgufSummary.FileType(source.Metadata)} model to {mix.Name}", file, source);
            await StoreAsync(file.MediaType, step, (advanced, token) => GgufQuantizer.Prepare(source, mix, pure: false, advanced, token)).ConfigureAwait(false);
        }
        else if (file.Paths.Count > 1)
        {
            var step = Step($"merging {file.Paths.Count} GGUF files", file, source);
            await StoreAsync(file.MediaType, step, (advanced, token) => GgufMerger.Prepare(source, advanced, token)).ConfigureAwait(false);
        }
        else if (file.MediaType == LayerTypes.Projector && GgufKind.LacksProjectorType(source))
        {
            await StoreAsync(file.MediaType, Step("updating GGUF projector metadata", file, source), (advanced, token) =>
            {
                var writer = GgufMerger.Prepare(source, advanced, token);
                writer.AddString(ProjectorTypeKey, "mlp");
                return writer;
            }).ConfigureAwait(false);
        }
        else if (file.Stored is { } stored)
        {
            layers.Keep(stored);
        }
        else
        {
            var (digest, size, isNew) = await work.StoreAsync(file.Paths[0]).ConfigureAwait(false);
            layers.Add(file.MediaType, digest, size, isNew);
        }
    }

    private async Task QuantizeBaseAsync(QuantizationMix mix)
    {
        if (layers.Of(LayerTypes.Model).FirstOrDefault() is not { } layer)
        {
            throw new CreationException(CreationError.Quantization, "quantization is only supported for F16, BF16 and F32 models");
        }

        var path = blobs.PathOf(layer.Digest);
        using var source = await work.RunAsync(() => GgufSource.Open([path])).ConfigureAwait(false);
        if (!IsOther(source, mix))
        {
            return;
        }

        var kept = layers.Layers.Count - 1;
        layers.Remove(LayerTypes.Model);
        await AddAsync(new WeightFile(LayerTypes.Model, "", [path], layer), source, mix).ConfigureAwait(false);
        layers.MoveToFront(kept);
        Requantized = mix;
    }

    private async Task StoreAsync(string mediaType, PullProgress step, Func<Action<long>, CancellationToken, GgufWriter> prepare)
    {
        var (digest, size, isNew) = await work.RunAsync(step, (advanced, token) => work.Store(prepare(advanced, token))).ConfigureAwait(false);
        layers.Add(mediaType, digest, size, isNew);
        await work.ReportAsync("verifying conversion").ConfigureAwait(false);
        await work.RunAsync(() =>
        {
            GgufSource.Open([blobs.PathOf(digest)]).Dispose();
            return true;
        }).ConfigureAwait(false);
    }

    private static PullProgress Step(string status, WeightFile file, GgufSource source) =>
        new(status) { Digest = file.Stored?.Digest ?? Digest.Of(System.Text.Encoding.UTF8.GetBytes(file.Name)), Total = source.FileBytes };

    private static bool IsOther(GgufSource source, QuantizationMix mix) =>
        source.Tensors.Any(static tensor => TensorTypes.BlockElements(tensor.Type) > 1)
            ? throw new CreationException(CreationError.Quantization, "quantization is only supported for F16, BF16 and F32 models")
            : GgufSummary.FileType(source.Metadata) != mix.Name;

    private async Task DetectAsync(GgufMetadata metadata)
    {
        _detected = await work.RunAsync(() => detect(metadata)).ConfigureAwait(false);
        if (_detected is not null)
        {
            await work.ReportAsync($"using autodetected template {_detected.Name}").ConfigureAwait(false);
        }
    }

    /// <summary>A file of weights, or the parts of one, on the way to a layer.</summary>
    private sealed record WeightFile(string MediaType, string Name, IReadOnlyList<string> Paths, ManifestLayer? Stored);
}
