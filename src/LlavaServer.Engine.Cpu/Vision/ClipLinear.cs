using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>A matrix with its bias: weight of shape (outputs, inputs) in the mapping, bias padded to whole panels or null.</summary>
internal readonly unsafe struct ClipLinear(WeightMatrix weight, float* bias)
{
    public WeightMatrix Weight { get; } = weight;

    public float* Bias { get; } = bias;
}
