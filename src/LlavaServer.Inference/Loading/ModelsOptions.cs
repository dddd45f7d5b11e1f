using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Loading;

/// <summary>Which models are served (section <c>Llava:Models</c>; the host reads its own settings there too).</summary>
public sealed class ModelsOptions
{
    /// <summary>Folder of the model store in Ollama's layout; null, the default, is <c>.ollama/models</c> in the user's folder, as Ollama has it.</summary>
    [StringLength(4096)]
    public string? Path { get; set; }

    /// <summary>Nothing in the store is changed: no copying, deleting, uploading, and no clean-up at start.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>No clean-up of unused files at start. Unfinished downloads stay for a week in any case.</summary>
    public bool NoPrune { get; set; }

    /// <summary>Hosts of registries that models are pulled from and pushed to, separated by commas; empty, the default, is any.</summary>
    [StringLength(4096)]
    public string Registries { get; set; } = "";

    /// <summary>Model for an empty name; null is the first model that sees, else the first.</summary>
    [StringLength(256)]
    public string? Default { get; set; }

    /// <summary>Names of models, separated by commas, that are loaded before the server is ready; null is all.</summary>
    [StringLength(4096)]
    public string? Preload { get; set; }

    /// <summary>Chat template by the name of its family; null, the default, chooses it from the model file.</summary>
    [StringLength(64)]
    public string? ChatTemplate { get; set; }

    /// <summary>
    /// How hidden states become an embedding: <c>auto</c>, the default, as the model file says and by its last position when it says nothing; <c>mean</c>,
    /// <c>cls</c>, <c>last</c>; <c>off</c> refuses embeddings.
    /// </summary>
    [AllowedValues("auto", "mean", "cls", "last", "off")]
    public string Pooling { get; set; } = "auto";
}
