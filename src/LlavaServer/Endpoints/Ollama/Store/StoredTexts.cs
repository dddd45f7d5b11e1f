using System.Text;
using System.Text.Json;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>The texts among the files of a stored model, read for a caller who wants to see them. Immutable; what cannot be read is not there.</summary>
internal sealed record StoredTexts
{
    private const int MaxBytes = 4 << 20;

    public string? Template { get; private init; }

    public string? System { get; private init; }

    public IReadOnlyList<string> Licenses { get; private init; } = [];

    /// <summary>An object of options, or null.</summary>
    public JsonElement? Parameters { get; private init; }

    /// <summary>An array of messages, or null.</summary>
    public JsonElement? Messages { get; private init; }

    public string? Renderer { get; private init; }

    public string? Parser { get; private init; }

    public string? Requires { get; private init; }

    /// <summary>Of a model that is not in the store: nothing.</summary>
    public static StoredTexts None { get; } = new();

    public static StoredTexts Read(ModelManifest manifest, BlobStore blobs)
    {
        string? TextOf(ManifestLayer? layer) => layer is not null && blobs.ReadSmall(layer.Digest, MaxBytes) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        var config = Json(TextOf(manifest.Config), JsonValueKind.Object);
        string? Said(string name) =>
            config is { } root && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
        return new StoredTexts
        {
            Template = TextOf(manifest.First(LayerTypes.Template) ?? manifest.First(LayerTypes.Prompt)),
            System = TextOf(manifest.First(LayerTypes.System)) is { Length: > 0 } system ? system : null,
            Licenses = [.. manifest.Layers.Where(static layer => layer.MediaType == LayerTypes.License).Select(TextOf).OfType<string>()],
            Parameters = Json(TextOf(manifest.First(LayerTypes.Parameters)), JsonValueKind.Object),
            Messages = Json(TextOf(manifest.First(LayerTypes.Messages)), JsonValueKind.Array) is { } messages && messages.GetArrayLength() > 0 ? messages : null,
            Renderer = Said("renderer"),
            Parser = Said("parser"),
            Requires = Said("requires"),
        };
    }

    private static JsonElement? Json(string? text, JsonValueKind kind)
    {
        try
        {
            return text is not null && JsonElement.Parse(text) is var element && element.ValueKind == kind ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
