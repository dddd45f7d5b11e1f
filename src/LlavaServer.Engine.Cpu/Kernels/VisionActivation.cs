namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Non-linearity of the vision tower's feed-forward layers or of the projector.</summary>
internal enum VisionActivation
{
    None,

    /// <summary>x·σ(1.702·x), OpenAI CLIP's.</summary>
    QuickGelu,

    /// <summary>x·Φ(x) with the error function, PyTorch's <c>nn.GELU</c>.</summary>
    GeluErf,

    /// <summary>x·Φ(x) with the tanh approximation.</summary>
    GeluTanh,

    /// <summary>x·σ(x).</summary>
    Silu,

    /// <summary><see cref="QuickGelu"/> with argument and result rounded to half precision, as llama.cpp's table gives it.</summary>
    QuickGeluHalf,

    /// <summary><see cref="GeluTanh"/> with argument and result rounded to half precision and clamped at -10 and 10, as llama.cpp's table gives it.</summary>
    GeluTanhHalf,
}
