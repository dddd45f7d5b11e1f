namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>The projectors that are computed; others are refused by name.</summary>
internal enum ProjectorKind
{
    /// <summary>One matrix: LLaVA v1.</summary>
    Linear,

    /// <summary>Matrix, GELU, matrix: LLaVA-1.5.</summary>
    Mlp,

    /// <summary>Matrix, layer norm, GELU, matrix, layer norm: Yi-VL.</summary>
    MlpNorm,
}
