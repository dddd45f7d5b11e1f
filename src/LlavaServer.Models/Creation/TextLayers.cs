using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>The layers that are texts: template, system text, licenses, options, messages. One creation.</summary>
internal sealed class TextLayers(BlobStore blobs, LayerList layers)
{
    private const int MaxBytes = 4 << 20;

    public void Add(CreationRequest request, DetectedTemplate? detected)
    {
        if ((request.Template is { Length: > 0 } given ? given : detected?.Template) is { } template)
        {
            layers.Remove(LayerTypes.Prompt);
            Replace(LayerTypes.Template, template);
        }

        if (request.System is { Length: > 0 } system)
        {
            Replace(LayerTypes.System, system);
        }

        foreach (var license in request.Licenses.Select(Encoding.UTF8.GetBytes))
        {
            if (!layers.Of(LayerTypes.License).Any(layer => layer.Digest == Digest.Of(license)))
            {
                layers.Add(LayerTypes.License, license);
            }
        }

        AddOptions(request.Parameters, detected);
        if (request.Messages.Count > 0)
        {
            layers.Remove(LayerTypes.Messages);
            layers.Add(LayerTypes.Messages, request.Messages);
        }
    }

    private void Replace(string mediaType, string text)
    {
        layers.Remove(mediaType);
        layers.Add(mediaType, Encoding.UTF8.GetBytes(text));
    }

    // What is given wins over what was detected, and that over the base.
    private void AddOptions(JsonElement? given, DetectedTemplate? detected)
    {
        if (detected is null && given is null)
        {
            return;
        }

        var options = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var layer in layers.Of(LayerTypes.Parameters))
        {
            foreach (var (name, value) in ReadObject(layer))
            {
                options[name] = value?.DeepClone();
            }
        }

        if (detected is { Stops.Count: > 0 })
        {
            options["stop"] = new JsonArray([.. detected.Stops.Select(static stop => JsonValue.Create(stop))]);
        }

        foreach (var option in given is { } members ? members.EnumerateObject().Where(static option => option.Value.ValueKind != JsonValueKind.Null) : [])
        {
            options[option.Name] = JsonSerializer.SerializeToNode(option.Value);
        }

        if (options.Count > 0)
        {
            layers.Remove(LayerTypes.Parameters);
            layers.Add(LayerTypes.Parameters, new JsonObject(options));
        }
    }

    private JsonObject ReadObject(ManifestLayer layer)
    {
        try
        {
            return blobs.ReadSmall(layer.Digest, MaxBytes) is { } bytes && JsonNode.Parse(bytes) is JsonObject options
                ? options
                : throw new CreationException(CreationError.Invalid, "the parameters of the base model cannot be read");
        }
        catch (JsonException failure)
        {
            throw new CreationException(CreationError.Invalid, "the parameters of the base model cannot be read", failure);
        }
    }
}
