using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Finds models by the names that Ollama's clients write. Singleton, thread-safe.</summary>
internal sealed class OllamaModels(ModelCatalog catalog)
{
    /// <summary>Newest first.</summary>
    public IReadOnlyList<ModelEntry> All => [.. catalog.All().OrderByDescending(static model => model.ModifiedAt)];

    /// <summary>The model with this name. Throws 400 for a text that is no name, 404 with the text as typed for an unknown one.</summary>
    public OllamaTarget Resolve(string text)
    {
        var name = NameOf(text);
        return Find(name) is { } model ? new OllamaTarget(name, model) : throw OllamaErrors.ModelNotFound(text);
    }

    /// <summary>Null if there is none; default host and namespace may be spelt out.</summary>
    public ModelEntry? Find(ModelName name) => catalog.Find(name.Display);

    /// <summary>Throws 400 for a text that is no name.</summary>
    public static ModelName NameOf(string text) => ModelName.TryParse(text, out var name) ? name : throw OllamaErrors.InvalidModelName();
}
