using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// From hidden states of the tower to rows of the language model: linear (LLaVA), mlp (LLaVA-1.5) or mlp_norm (Yi-VL). Owned by the encoder; one
/// encoding at a time.
/// </summary>
internal sealed unsafe class Projector(ClipConfig config, ClipWeights weights, VisionWorkspace workspace, VisionProducts products)
{
    /// <summary>Projects <see cref="ClipConfig.PatchCount"/> rows to <see cref="VisionWorkspace.Output"/>.</summary>
    public void Run(float* rows, nint stride)
    {
        int count = config.PatchCount;
        products.Pack(rows, stride, count, weights.Projector0);
        switch (config.Projector)
        {
            case ProjectorKind.Linear:
                products.Multiply(weights.Projector0, count, workspace.Output, workspace.OutputStride, VisionActivation.None);
                break;
            case ProjectorKind.Mlp:
                products.Multiply(weights.Projector0, count, workspace.Inner, workspace.InnerStride, config.ProjectorActivation);
                MultiplySecond(count);
                break;
            default:
                products.Multiply(weights.Projector0, count, workspace.Inner, workspace.InnerStride, VisionActivation.None);
                Normalise(workspace.Inner, workspace.InnerStride, weights.ProjectorHiddenWidth, weights.ProjectorNorm0, config.ProjectorActivation);
                MultiplySecond(count);
                Normalise(workspace.Output, workspace.OutputStride, weights.OutputWidth, weights.ProjectorNorm1, VisionActivation.None);
                break;
        }
    }

    private void MultiplySecond(int count)
    {
        products.Pack(workspace.Inner, workspace.InnerStride, count, weights.Projector1);
        products.Multiply(weights.Projector1, count, workspace.Output, workspace.OutputStride, VisionActivation.None);
    }

    private void Normalise(float* values, nint stride, int width, ClipNorm norm, VisionActivation activation) =>
        products.Normalise(values, stride, config.PatchCount, width, norm, config.LayerNormEpsilon, activation);
}
