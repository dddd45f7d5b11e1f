using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>Weights of one transformer block. Vectors are F32 and point into the file's mapping; absent biases are null.</summary>
internal sealed unsafe class LlamaLayer
{
    /// <summary>Shape (EmbeddingWidth).</summary>
    public required float* AttentionNorm { get; init; }

    /// <summary>Shape (QueryWidth, EmbeddingWidth).</summary>
    public required WeightRows Query { get; init; }

    /// <summary>Shape (KVWidth, EmbeddingWidth).</summary>
    public required WeightRows Key { get; init; }

    /// <summary>Shape (KVWidth, EmbeddingWidth).</summary>
    public required WeightRows Value { get; init; }

    /// <summary>Shape (EmbeddingWidth, QueryWidth).</summary>
    public required WeightRows Output { get; init; }

    public required float* QueryBias { get; init; }

    public required float* KeyBias { get; init; }

    public required float* ValueBias { get; init; }

    public required float* OutputBias { get; init; }

    /// <summary>Shape (EmbeddingWidth).</summary>
    public required float* FeedForwardNorm { get; init; }

    /// <summary>Shape (FeedForwardWidth, EmbeddingWidth).</summary>
    public required WeightRows Gate { get; init; }

    /// <summary>Shape (FeedForwardWidth, EmbeddingWidth).</summary>
    public required WeightRows Up { get; init; }

    /// <summary>Shape (EmbeddingWidth, FeedForwardWidth).</summary>
    public required WeightRows Down { get; init; }

    public required float* GateBias { get; init; }

    public required float* UpBias { get; init; }

    public required float* DownBias { get; init; }
}
