using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>Writes the configuration of a model: what the base's says, what the files say where they are new, and what the caller says over both. Stateless.</summary>
internal static class ModelDescriptionWriter
{
    private const int MaxBytes = 4 << 20;
    private static readonly string[] s_fixed = ["architecture", "os", "rootfs"];
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(CreationRequest request, WeightLayers weights, IReadOnlyList<ManifestLayer> layers, BlobStore blobs)
    {
        var description = Base(request.Base?.Manifest.Config, blobs);
        if (layers.FirstOrDefault(static layer => layer.MediaType == LayerTypes.Model) is { } model)
        {
            try
            {
                Describe(description, model, layers, blobs, weights.HasNewModel, hasNewFamilies: weights.HasNewModel || request.Files.Count > 0);
            }
            catch (GgufException) when (!weights.HasNewModel)
            {
                // The base's file is of a kind that this server cannot read; what its configuration says is all that is known.
            }
        }

        if (weights.Requantized is { } mix)
        {
            description["file_type"] = mix.Name;
        }

        foreach (var (name, value) in request.Description)
        {
            description[name] = value?.DeepClone();
        }

        description["architecture"] = "amd64";
        description["os"] = "linux";
        description["rootfs"] = new JsonObject
        {
            ["type"] = "layers",
            ["diff_ids"] = new JsonArray([.. layers.Select(static layer => JsonValue.Create(layer.Digest.ToString()))]),
        };
        return JsonSerializer.SerializeToUtf8Bytes(description, s_readable);
    }

    private static JsonObject Base(ManifestLayer? config, BlobStore blobs)
    {
        var description = new JsonObject();
        try
        {
            if (config is not null && blobs.ReadSmall(config.Digest, MaxBytes) is { } bytes && JsonNode.Parse(bytes) is JsonObject known)
            {
                foreach (var (name, value) in known.Where(static member => !s_fixed.Contains(member.Key)))
                {
                    description[name] = value?.DeepClone();
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            // A configuration that cannot be read says nothing.
        }

        return description;
    }

    private static void Describe(JsonObject description, ManifestLayer model, IReadOnlyList<ManifestLayer> layers, BlobStore blobs, bool isNew, bool hasNewFamilies)
    {
        using var file = GgufSource.Open([blobs.PathOf(model.Digest)]);
        var family = file.Metadata.GetString("general.architecture", "");
        var families = new List<string> { family };
        foreach (var layer in layers.Where(static layer => layer.MediaType == LayerTypes.Projector))
        {
            using var projector = GgufSource.Open([blobs.PathOf(layer.Digest)]);
            families.Add(projector.Metadata.GetString("general.architecture", "clip"));
        }

        Say("model_format", "gguf");
        Say("model_family", family);
        if (hasNewFamilies || description["model_families"] is null)
        {
            description["model_families"] = new JsonArray([.. families.Distinct().Select(static name => JsonValue.Create(name))]);
        }

        Say("model_type", GgufSummary.InWords(file.Tensors.Sum(static tensor => tensor.ElementCount)));
        Say("file_type", GgufSummary.FileType(file.Metadata));

        void Say(string name, JsonNode value)
        {
            if (isNew || description[name] is null)
            {
                description[name] = value;
            }
        }
    }
}
