namespace LlavaServer.Engine.Cpu.Language;

/// <summary>How rotation angles are stretched beyond the trained context.</summary>
internal enum RopeScaling
{
    /// <summary>As trained.</summary>
    None,

    /// <summary>All angles divided by a factor.</summary>
    Linear,

    /// <summary>YaRN (Peng et al. 2023): slow pairs divided, fast pairs kept, a ramp between them.</summary>
    Yarn,
}
