using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlavaServer.Models.Store;

/// <summary>
/// Which files a model consists of. Keeps the manifest's bytes as they were read, with everything in them that this version does not know: they are what
/// is written again, and their digest is the model's. Immutable.
/// </summary>
public sealed class ModelManifest
{
    /// <summary>Bytes of a manifest at most; a model of a thousand tensor layers takes 200 KB.</summary>
    public const int MaxBytes = 4 << 20;

    private const int MaxDepth = 64;

    private ModelManifest(ReadOnlyMemory<byte> bytes, ManifestLayer? config, IReadOnlyList<ManifestLayer> layers)
    {
        Bytes = bytes;
        Config = config;
        Layers = layers;
        Digest = Digest.Of(bytes.Span);
    }

    /// <summary>The manifest, byte for byte.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Of <see cref="Bytes"/>: what Ollama calls the model's digest.</summary>
    public Digest Digest { get; }

    /// <summary>The model's description; null in very old manifests.</summary>
    public ManifestLayer? Config { get; }

    /// <summary>In the manifest's order.</summary>
    public IReadOnlyList<ManifestLayer> Layers { get; }

    /// <summary>Layers and configuration.</summary>
    public IEnumerable<ManifestLayer> Files => Config is null ? Layers : Layers.Append(Config);

    /// <summary>Bytes of all files together.</summary>
    public long SizeBytes => Files.Sum(static layer => layer.Size);

    /// <summary>The first layer of a type, or null.</summary>
    public ManifestLayer? First(string mediaType) => Layers.FirstOrDefault(layer => layer.MediaType == mediaType);

    /// <summary>
    /// Reads a manifest. Names are matched without regard to case and unknown ones passed over, as Ollama does. Throws <see cref="StoreException"/> with
    /// <see cref="StoreError.InvalidManifest"/> for anything whose files could be other ones than this version understands.
    /// </summary>
    public static ModelManifest Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw Invalid($"it has {bytes.Length} bytes, more than {MaxBytes}");
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw Invalid("it is not a JSON object");
            }

            var layers = new List<ManifestLayer>();
            if (Member(root, "layers") is { } list)
            {
                foreach (var item in list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw Invalid("'layers' is not an array"))
                {
                    layers.Add(Layer(item) ?? throw Invalid("a layer has no digest"));
                }
            }

            var config = Member(root, "config") is { } described ? Layer(described) : null;
            _ = layers.Aggregate(config?.Size ?? 0, static (sum, layer) => checked(sum + layer.Size));
            return new ModelManifest(bytes.ToArray(), config, layers);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Invalid("it is not valid JSON, or a value is not of its type", exception);
        }
    }

    /// <summary>A new manifest, written as Ollama writes one.</summary>
    public static ModelManifest Create(ManifestLayer config, IReadOnlyList<ManifestLayer> layers)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(layers);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion"u8, 2);
            writer.WriteString("mediaType"u8, LayerTypes.Manifest);
            writer.WritePropertyName("config"u8);
            Write(writer, config);
            writer.WriteStartArray("layers"u8);
            foreach (var layer in layers)
            {
                Write(writer, layer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        // Go's encoder ends with a new line.
        buffer.Write("\n"u8);
        return new ModelManifest(buffer.WrittenMemory, config, [.. layers]);
    }

    private static void Write(Utf8JsonWriter writer, ManifestLayer layer)
    {
        writer.WriteStartObject();
        writer.WriteString("mediaType"u8, layer.MediaType);
        writer.WriteString("digest"u8, layer.Digest.ToString());
        writer.WriteNumber("size"u8, layer.Size);
        if (!string.IsNullOrEmpty(layer.From))
        {
            writer.WriteString("from"u8, layer.From);
        }

        if (!string.IsNullOrEmpty(layer.Name))
        {
            writer.WriteString("name"u8, layer.Name);
        }

        writer.WriteEndObject();
    }

    // Null for one without a digest, as old manifests have in place of a configuration.
    private static ManifestLayer? Layer(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw Invalid("a layer is not a JSON object");
        }

        var text = Member(item, "digest")?.GetString();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (!Digest.TryParse(text, out var digest))
        {
            throw Invalid("a digest is not sha256: and 64 hexadecimal digits");
        }

        var size = Member(item, "size")?.GetInt64() ?? 0;
        return size >= 0
            ? new ManifestLayer(Member(item, "mediaType")?.GetString() ?? "", digest, size, Member(item, "from")?.GetString(), Member(item, "name")?.GetString())
            : throw Invalid("a size is negative");
    }

    // The last one of its name, null when it is not there or null.
    private static JsonElement? Member(JsonElement item, string name)
    {
        JsonElement? found = null;
        foreach (var property in item.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                found = property.Value;
            }
        }

        return found is { ValueKind: not JsonValueKind.Null } ? found : null;
    }

    private static StoreException Invalid(string reason, Exception? inner = null) => new(StoreError.InvalidManifest, $"the manifest is not usable: {reason}", inner);
}
