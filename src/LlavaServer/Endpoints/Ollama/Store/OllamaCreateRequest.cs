using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Creation;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>A body of <c>/api/create</c>, checked as far as that needs no model. Immutable.</summary>
internal sealed record OllamaCreateRequest
{
    public required ModelName Name { get; init; }

    public bool Stream { get; init; } = true;

    /// <summary>Whether the model to begin with is pulled by plain HTTP, if it has to be.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The model to begin with, or null.</summary>
    public ModelName? From { get; init; }

    public IReadOnlyList<CreationFile> Files { get; init; } = [];

    public IReadOnlyList<CreationFile> Adapters { get; init; } = [];

    public IReadOnlyList<CreationFile> Drafts { get; init; } = [];

    public string? Quantization { get; init; }

    public string? DraftQuantization { get; init; }

    public string? Template { get; init; }

    public string? System { get; init; }

    public IReadOnlyList<string> Licenses { get; init; } = [];

    /// <summary>Options by Ollama's names, or null.</summary>
    public JsonElement? Parameters { get; init; }

    public JsonArray Messages { get; init; } = [];

    /// <summary>Members of the model's configuration.</summary>
    public JsonObject Description { get; init; } = [];

    /// <summary>Names of members that do nothing here.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}
