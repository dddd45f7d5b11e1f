using System.Text.Json;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;

namespace LlavaServer.Serving;

/// <summary>Takes a model that is served from files outside the store into the store, under a name of its own. Singleton, thread-safe.</summary>
internal sealed class StoreImport(StoredModels models)
{
    /// <summary>Throws <see cref="StoreException"/>, and <see cref="IOException"/> for files that cannot be read; then no name has changed.</summary>
    public async Task RunAsync(ModelEntry source, ModelName name, CancellationToken cancellationToken)
    {
        var store = models.Store;
        ModelManifest? former;
        using (store.BeginAdding())
        {
            List<ManifestLayer> layers = [await AddAsync(source.Files.ModelPath, LayerTypes.Model, cancellationToken)];
            if (source.Files.MmprojPath is { } projector)
            {
                layers.Add(await AddAsync(projector, LayerTypes.Projector, cancellationToken));
            }

            var config = store.Blobs.Add(Describe(source, layers), LayerTypes.Config);
            former = store.Write(name, ModelManifest.Create(config, layers)).Former;
        }

        if (former is not null)
        {
            store.RemoveUnused(former.Files.Select(static layer => layer.Digest));
        }
    }

    private async Task<ManifestLayer> AddAsync(string path, string mediaType, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return await models.Store.Blobs.AddAsync(file, expected: null, cancellationToken) with { MediaType = mediaType };
    }

    // The configuration in Ollama's words.
    private static byte[] Describe(ModelEntry model, IReadOnlyList<ManifestLayer> layers)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("model_format", "gguf");
            writer.WriteString("model_family", model.Family);
            WriteTexts(writer, "model_families", model.Families);
            writer.WriteString("model_type", model.ParameterSize);
            writer.WriteString("file_type", model.QuantizationLevel);
            writer.WriteString("architecture", "amd64");
            writer.WriteString("os", "linux");
            writer.WriteStartObject("rootfs");
            writer.WriteString("type", "layers");
            WriteTexts(writer, "diff_ids", layers.Select(static layer => layer.Digest.ToString()));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
