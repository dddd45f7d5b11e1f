using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>The files that a printed Modelfile names: paths for a caller on this machine, otherwise the model's name alone. Immutable.</summary>
internal sealed record ModelfileSources(string Model)
{
    public IReadOnlyList<string> Projectors { get; private init; } = [];

    public IReadOnlyList<string> Adapters { get; private init; } = [];

    public string? Draft { get; private init; }

    /// <param name="model">The model.</param>
    /// <param name="blobs">Of its store.</param>
    /// <param name="isLocal">Whether the caller is on this machine: paths mean nothing to others, and are none of their business.</param>
    public static ModelfileSources Of(ModelEntry model, BlobStore blobs, bool isLocal)
    {
        if (!isLocal || model.Stored?.Manifest is not { } manifest || manifest.First(LayerTypes.Model) is not { } weights)
        {
            return new ModelfileSources(model.Name);
        }

        string[] Paths(string type) => [.. manifest.Layers.Where(layer => layer.MediaType == type).Select(layer => blobs.PathOf(layer.Digest))];
        return new ModelfileSources(blobs.PathOf(weights.Digest))
        {
            Projectors = Paths(LayerTypes.Projector),
            Adapters = Paths(LayerTypes.Adapter),
            Draft = Paths(LayerTypes.Draft).FirstOrDefault(),
        };
    }
}
