using System.Text;
using System.Text.Json;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Thinking;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Store;

namespace LlavaServer.Inference.Loading;

public sealed partial record ModelEntry
{
    private const int MaxTextBytes = 4 << 20;
    private const int MaxLayers = 64;

    // As in Ollama: below, a picture and its question do not fit.
    private const int MinVisionContext = 2048;

    /// <summary>
    /// A model of the store. Never throws for what is wrong with its files: such a model is listed, and says when it is to be loaded why it cannot be.
    /// </summary>
    /// <param name="model">Its manifest.</param>
    /// <param name="blobs">Where its files are.</param>
    public static ModelEntry FromStore(StoredModel model, BlobStore blobs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(blobs);
        var manifest = model.Manifest;
        var description = ModelDescription.Read(manifest.Config is { } config ? blobs.ReadSmall(config.Digest, MaxTextBytes) : null);
        var defaults = new ModelDefaults();
        ModelEntry? read = null;
        string? reason = null;
        try
        {
            reason = WhyNot(manifest, blobs);
            if (reason is null)
            {
                read = FromFiles(model.Name.Display, FilesOf(manifest, blobs), manifest.Digest.Hex, model.ModifiedAt);
                defaults = DefaultsOf(manifest, blobs);
            }
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            reason = exception is GgufException damaged ? $"its file is not usable: {damaged.Message}" : "one of its files cannot be read";
        }

        read ??= new ModelEntry
        {
            Name = model.Name.Display,
            Files = new ModelFiles("", null),
            Family = "",
            Families = [],
            ParameterCount = 0,
            ParameterSize = "",
            QuantizationLevel = "",
            SizeBytes = 0,
            Digest = manifest.Digest.Hex,
            ModifiedAt = model.ModifiedAt,
            HasVision = manifest.First(LayerTypes.Projector) is not null,
            ContextLength = description.ContextLength,
            EmbeddingLength = description.EmbeddingLength,
        };
        return read with
        {
            SizeBytes = manifest.SizeBytes,
            Family = description.Family ?? read.Family,
            Families = description.Families ?? read.Families,
            ParameterSize = description.ParameterSize ?? read.ParameterSize,
            QuantizationLevel = description.QuantizationLevel ?? read.QuantizationLevel,
            KnowsTools = read.KnowsTools || defaults.Template?.Contains(".Tools", StringComparison.Ordinal) == true,
            FillsGaps = read.FillsGaps || defaults.Template?.Contains(".Suffix", StringComparison.Ordinal) == true,
            Thinks = defaults.Template is { Length: > 0 } template ? ThinkMarkers.In(template) : read.Thinks,
            Stored = model,
            Defaults = defaults,
            Unusable = reason,
        };
    }

    private static ModelFiles FilesOf(ModelManifest manifest, BlobStore blobs) => new(
        blobs.PathOf(manifest.First(LayerTypes.Model)!.Digest),
        manifest.First(LayerTypes.Projector) is { } projector ? blobs.PathOf(projector.Digest) : null)
    {
        AdapterPaths = [.. manifest.Layers.Where(static layer => layer.MediaType == LayerTypes.Adapter).Select(layer => blobs.PathOf(layer.Digest))],
    };

    private static string? WhyNot(ModelManifest manifest, BlobStore blobs)
    {
        var weights = manifest.Layers.Count(static layer => layer.MediaType == LayerTypes.Model);
        if (weights != 1)
        {
            return manifest.First(LayerTypes.Tensor) is not null
                ? "it is stored as safetensors; only GGUF models can be served"
                : $"its manifest names {weights} GGUF files of a language model, not one";
        }

        if (manifest.Layers.Count > MaxLayers)
        {
            return $"its manifest names {manifest.Layers.Count} files, more than {MaxLayers}";
        }

        return manifest.Files.FirstOrDefault(layer => blobs.LengthOf(layer.Digest) != layer.Size) is { } missing
            ? $"its file {missing.Digest} is missing or not whole; pull or create it again"
            : null;
    }

    private static ModelDefaults DefaultsOf(ModelManifest manifest, BlobStore blobs)
    {
        string? Text(string type) => manifest.First(type) is { } layer
            ? Encoding.UTF8.GetString(blobs.ReadSmall(layer.Digest, MaxTextBytes) ?? throw new IOException("A text of the model cannot be read."))
            : null;

        JsonElement? Json(string type, JsonValueKind kind) => Text(type) is { Length: > 0 } text && JsonElement.Parse(text) is var element && element.ValueKind != JsonValueKind.Null
            ? element.ValueKind == kind ? element : throw new JsonException()
            : null;

        var options = Json(LayerTypes.Parameters, JsonValueKind.Object);
        return new ModelDefaults
        {
            System = Text(LayerTypes.System) ?? "",
            Template = Text(LayerTypes.Template) ?? Text(LayerTypes.Prompt),
            Messages = Json(LayerTypes.Messages, JsonValueKind.Array) is { } messages ? [.. messages.EnumerateArray().Select(MessageOf)] : [],
            Options = options,
            Sampling = SamplingDefaults.Read(options),
            Stop = options is { } given && given.TryGetProperty("stop", out var stop) && stop.ValueKind == JsonValueKind.Array
                ? [.. stop.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!).Where(static text => text.Length > 0)]
                : [],
            ContextLength = options is { } asked && asked.TryGetProperty("num_ctx", out var context) && context.ValueKind == JsonValueKind.Number
                && context.TryGetInt32(out var positions) && positions > 0
                ? Math.Max(positions, manifest.First(LayerTypes.Projector) is null ? 1 : MinVisionContext)
                : null,
        };
    }

    private static ChatMessage MessageOf(JsonElement message)
    {
        var role = message.GetProperty("role").GetString() switch
        {
            "system" => ChatRole.System,
            "assistant" => ChatRole.Assistant,
            "user" => ChatRole.User,
            _ => throw new JsonException(),
        };
        return new ChatMessage(role, [MessagePart.FromText(message.GetProperty("content").GetString() ?? "")]);
    }
}
