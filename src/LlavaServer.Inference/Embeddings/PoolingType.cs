namespace LlavaServer.Inference.Embeddings;

/// <summary>How the hidden states of an input become one vector. The numbers are those of <c>pooling_type</c> in model files.</summary>
public enum PoolingType
{
    /// <summary>The file names none: a model made for answers.</summary>
    None = 0,

    /// <summary>The mean of all positions.</summary>
    Mean = 1,

    /// <summary>The first position.</summary>
    Cls = 2,

    /// <summary>The last position.</summary>
    Last = 3,

    /// <summary>A score of a pair of texts, not a vector.</summary>
    Rank = 4,
}
