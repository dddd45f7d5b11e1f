namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>What an activation row is converted to before it meets a weight row: the partner types of llama.cpp.</summary>
[Flags]
internal enum ActivationForms
{
    None = 0,

    /// <summary>As it is, for F32 weights.</summary>
    Single = 1,

    /// <summary>Rounded to half, for F16 weights.</summary>
    Half = 2,

    /// <summary>Rounded to bfloat16, for BF16 weights.</summary>
    BFloat16 = 4,

    /// <summary>Blocks of 32 bytes with a scale in half, for Q4_0, Q5_0, Q8_0 and IQ4_NL weights.</summary>
    Q8_0 = 8,

    /// <summary>As <see cref="Q8_0"/> with the block's sum in half, for Q4_1 and Q5_1 weights.</summary>
    Q8_1 = 16,

    /// <summary>Blocks of 256 bytes with a scale in float, for K and IQ4_XS weights.</summary>
    Q8_K = 32,
}
