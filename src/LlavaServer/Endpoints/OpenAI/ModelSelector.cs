using LlavaServer.Configuration;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Sampling;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Finds the model of a request: by its name, or the only or default one when none is named. Singleton, thread-safe.</summary>
internal sealed class ModelSelector(ModelCatalog catalog, IOptions<OpenAIOptions> options, IOptions<InferenceOptions> inference)
{
    /// <summary>Names in an error text at most.</summary>
    private const int MaxListed = 20;

    public ModelEntry Select(string? name)
    {
        var configured = inference.Value.Models.Default;
        if (string.IsNullOrEmpty(name))
        {
            return (catalog.Entries.Count == 1 || !string.IsNullOrEmpty(configured) ? catalog.Default(configured) : null)
                ?? throw RequestException.Missing("model");
        }

        return catalog.Find(name) ?? (options.Value.UnknownModelIsDefault ? catalog.Default(configured) : null) ?? throw NotFound(name);
    }

    /// <summary>How the model of a request picks tokens when the request does not say; the usual way for a model that does not exist, which is refused later.</summary>
    public SamplingParameters SamplingOf(string? name) =>
        (string.IsNullOrEmpty(name) ? catalog.Default(inference.Value.Models.Default) : catalog.Find(name))?.Defaults.Sampling ?? new SamplingParameters();

    public RequestException NotFound(string name)
    {
        var known = string.Join(", ", catalog.All().Take(MaxListed).Select(static entry => ModelNames.Display(entry.Name)));
        return new(404, "model_not_found", $"The model `{ModelNames.Echo(name)}` does not exist. Models of this server: {known}.", "model");
    }
}
