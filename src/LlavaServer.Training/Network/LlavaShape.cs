namespace LlavaServer.Training.Network;

/// <summary>Sizes of the whole network. Names follow the Hugging Face configuration; widths in floats, image sizes in pixels.</summary>
public sealed record LlavaShape
{
    public int ImageSize { get; init; } = 112;
    public int PatchSize { get; init; } = 14;
    public int VisionHiddenSize { get; init; } = 192;
    public int VisionIntermediateSize { get; init; } = 512;
    public int VisionHiddenLayers { get; init; } = 6;
    public int VisionAttentionHeads { get; init; } = 6;
    public int ProjectionDim { get; init; } = 128;
    public int VocabSize { get; init; } = 1024;
    public int HiddenSize { get; init; } = 192;
    public int IntermediateSize { get; init; } = 512;
    public int HiddenLayers { get; init; } = 4;
    public int AttentionHeads { get; init; } = 3;
    public int MaxPositions { get; init; } = 2048;
    public float RmsNormEps { get; init; } = 1e-5f;
    public float LayerNormEps { get; init; } = 1e-5f;
    public float RopeTheta { get; init; } = 10000f;

    /// <summary>Patches along one side of the square picture.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Rows that one picture takes in the sequence.</summary>
    public int ImageRows => Grid * Grid;

    /// <summary>Floats of one flattened patch, channel-major as the convolution's weight stores it.</summary>
    public int PatchLength => 3 * PatchSize * PatchSize;

    /// <summary>The sizes of the smoke training: the same graph, as small as it can be.</summary>
    public static LlavaShape Smoke { get; } = new()
    {
        VisionHiddenSize = 32,
        VisionIntermediateSize = 64,
        VisionHiddenLayers = 2,
        VisionAttentionHeads = 2,
        ProjectionDim = 16,
        HiddenSize = 32,
        IntermediateSize = 64,
        HiddenLayers = 2,
        AttentionHeads = 2,
    };
}
