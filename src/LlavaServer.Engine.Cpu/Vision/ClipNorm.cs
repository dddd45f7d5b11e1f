namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>Weight and bias of a layer norm, shape (width) each; a null weight means that the norm is absent, a null bias that it adds nothing.</summary>
internal readonly unsafe struct ClipNorm(float* weight, float* bias)
{
    public float* Weight { get; } = weight;

    public float* Bias { get; } = bias;

    public bool IsPresent => Weight is not null;
}
