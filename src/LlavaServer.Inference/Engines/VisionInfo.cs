namespace LlavaServer.Inference.Engines;

/// <summary>What an engine reports about its vision tower and projector. Immutable.</summary>
public sealed record VisionInfo
{
    /// <summary>Side of the square that the tower sees, in pixels.</summary>
    public required int ImageSize { get; init; }

    public required int PatchSize { get; init; }

    /// <summary>Rows that one picture takes in the language model: one position each.</summary>
    public required int RowsPerImage { get; init; }

    /// <summary><c>mlp</c>, <c>mlp_norm</c> or <c>linear</c>.</summary>
    public required string ProjectorType { get; init; }

    public required VisionProfile Profile { get; init; }
}
