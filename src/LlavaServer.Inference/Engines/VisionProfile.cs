namespace LlavaServer.Inference.Engines;

/// <summary>
/// Whose behaviour the vision side reproduces. The authors' code and several builds of llama.cpp differ in resampling, class vector position,
/// number of blocks and activation; the text side is the same everywhere.
/// </summary>
public enum VisionProfile
{
    /// <summary>The authors' code, for which the weights were trained. Default. Spelt <c>ref</c>.</summary>
    Reference,

    /// <summary>llama.cpp of May 2026 (the build that LLamaSharp 0.28.0 ships). Spelt <c>llamacpp-l28</c>.</summary>
    LlamaCppL28,

    /// <summary>llama.cpp of August 2026. Spelt <c>llamacpp-h</c>.</summary>
    LlamaCppH,

    /// <summary>llama.cpp b11669, October 2026. Spelt <c>llamacpp-d</c>.</summary>
    LlamaCppD,
}
