using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Thinking;
using LlavaServer.Models.Store;

namespace LlavaServer.Inference.Loading;

/// <summary>One model that can be served: its name, files and what their metadata says. Immutable.</summary>
public sealed partial record ModelEntry
{
    /// <summary>With its tag: for example <c>llava-mini:latest</c>.</summary>
    public required string Name { get; init; }

    public required ModelFiles Files { get; init; }

    /// <summary><c>general.architecture</c> of the language model.</summary>
    public required string Family { get; init; }

    /// <summary>Architectures of language model and, if there is one, vision tower.</summary>
    public required IReadOnlyList<string> Families { get; init; }

    /// <summary>For example <c>7B</c> or <c>2.1M</c>.</summary>
    public required string ParameterSize { get; init; }

    /// <summary>For example <c>Q4_K_M</c> or <c>F16</c>.</summary>
    public required string QuantizationLevel { get; init; }

    /// <summary>All files together.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>64 lower-case hexadecimal digits that identify the files' content.</summary>
    public required string Digest { get; init; }

    public required DateTimeOffset ModifiedAt { get; init; }

    public required bool HasVision { get; init; }

    /// <summary>Whether the model's own chat template speaks of tools; others are told of them in their system text.</summary>
    public bool KnowsTools { get; init; }

    /// <summary>Whether the model's template takes text behind a gap, or its file names tokens for that.</summary>
    public bool FillsGaps { get; init; }

    /// <summary>Where it thinks before it answers; null when it does not.</summary>
    public ThinkMarkers? Thinks { get; init; }

    /// <summary>What the model can do, in the words of Ollama's API. One whose file says how its states become one vector was made for vectors.</summary>
    public IReadOnlyList<string> Capabilities => Pooling != PoolingType.None
        ? ["embedding"]
        :
        [
            "completion", .. KnowsTools ? ["tools"] : (string[])[], .. FillsGaps ? ["insert"] : (string[])[], .. HasVision ? ["vision"] : (string[])[],
            .. Thinks is not null ? ["thinking"] : (string[])[],
        ];

    /// <summary>Positions that the model was trained for.</summary>
    public required int ContextLength { get; init; }

    public required long ParameterCount { get; init; }

    public required int EmbeddingLength { get; init; }

    /// <summary>Its manifest, for a model of the store; null for files that the settings name.</summary>
    public StoredModel? Stored { get; init; }

    /// <summary>What it brings along beside its weights.</summary>
    public ModelDefaults Defaults { get; init; } = new();

    /// <summary>Why it cannot be loaded, the end of a sentence; null when nothing speaks against it.</summary>
    public string? Unusable { get; init; }

    /// <summary>What the model file says about embeddings.</summary>
    public PoolingType Pooling { get; init; }
}
