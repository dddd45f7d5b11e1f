using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// What a <see cref="VisionProfile"/> switches. The authors' code is the one for which weights were trained; the builds of llama.cpp put the class
/// vector last (ggml-org/llama.cpp issue 25814), run one block too few when the file names no feature layer (issue 25817), and resize differently (<see cref="Inference.Images.Fitting.ImageFit"/>).
/// </summary>
internal sealed record VisionRules
{
    public required VisionProfile Profile { get; init; }

    /// <summary>Class vector before the patches and its row dropped; else behind the patches and row 0 dropped.</summary>
    public required bool ClassVectorFirst { get; init; }

    /// <summary>Runs all blocks that a converter left in the file; else one block fewer unless the file names a feature layer.</summary>
    public required bool RunsAllBlocks { get; init; }

    /// <summary>Activations are rounded to what the weight type is multiplied with; keys, values and GELU results to half precision.</summary>
    public required bool RoundsAsLlamaCpp { get; init; }

    public static VisionRules For(VisionProfile profile) => profile switch
    {
        VisionProfile.Reference => Create(profile, isReference: true),
        VisionProfile.LlamaCppL28 or VisionProfile.LlamaCppH or VisionProfile.LlamaCppD => Create(profile, isReference: false),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, null),
    };

    private static VisionRules Create(VisionProfile profile, bool isReference) => new()
    {
        Profile = profile,
        ClassVectorFirst = isReference,
        RunsAllBlocks = isReference,
        RoundsAsLlamaCpp = !isReference,
    };
}
