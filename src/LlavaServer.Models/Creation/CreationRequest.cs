using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>What a model is to be made of. Texts that are null or empty are those of the base, or none. Immutable.</summary>
public sealed record CreationRequest
{
    /// <summary>The name that it gets; a model that has it is replaced.</summary>
    public required ModelName Name { get; init; }

    /// <summary>A model of the store whose files and texts it begins with.</summary>
    public StoredModel? Base { get; init; }

    /// <summary>Files outside the store that it begins with: their paths and their layers' types.</summary>
    public IReadOnlyList<(string Path, string MediaType)> Outside { get; init; } = [];

    /// <summary>Weights: GGUF files, or a checkpoint with everything that belongs to it. Of the same kind as one of the base's they take its place.</summary>
    public IReadOnlyList<CreationFile> Files { get; init; } = [];

    /// <summary>A LoRA in GGUF.</summary>
    public IReadOnlyList<CreationFile> Adapters { get; init; } = [];

    /// <summary>A draft model in GGUF.</summary>
    public IReadOnlyList<CreationFile> Drafts { get; init; } = [];

    /// <summary>Name of the recipe that the language model gets.</summary>
    public string? Quantization { get; init; }

    /// <summary>Name of the recipe that the draft model gets.</summary>
    public string? DraftQuantization { get; init; }

    /// <summary>Go template, checked by the caller.</summary>
    public string? Template { get; init; }

    public string? System { get; init; }

    /// <summary>Come behind those of the base.</summary>
    public IReadOnlyList<string> Licenses { get; init; } = [];

    /// <summary>Options over those of the base, an object; checked by the caller.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>Messages in place of those of the base; checked by the caller.</summary>
    public JsonArray Messages { get; init; } = [];

    /// <summary>Members of the configuration over those of the base.</summary>
    public JsonObject Description { get; init; } = [];

    /// <summary>Whether files that only the former model of this name used go away.</summary>
    public bool RemovesFormer { get; init; } = true;
}
