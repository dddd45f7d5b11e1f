namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>What llama.cpp converts an activation row to before it is multiplied with weights of some type.</summary>
internal enum ActivationRounding
{
    /// <summary>Kept in single precision.</summary>
    None,

    Half,

    Brain,

    /// <summary>Blocks of 32 with a half-precision scale.</summary>
    Q8_0,

    /// <summary>Blocks of 256 with a single-precision scale.</summary>
    Q8_K,
}
