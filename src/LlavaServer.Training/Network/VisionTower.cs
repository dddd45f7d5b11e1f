using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>
/// CLIP's vision transformer (Radford et al. 2021, arXiv 2103.00020): patch convolution without bias, class vector first, learned
/// positions, pre-norm blocks with quick GELU.
/// </summary>
public sealed class VisionTower(LlavaShape shape, ParameterSet weights)
{
    /// <summary>Hidden states after the last block but one, which LLaVA reads (vision_feature_layer -2): patches [n, rows, patch] to [n, 1 + rows, width].</summary>
    public Tensor Penultimate(Tensor patches)
    {
        var n = patches.shape[0];
        int width = shape.VisionHiddenSize;
        const string Embeddings = LlavaWeights.Vision + "embeddings.";
        var rows = MatMul.Linear(patches, weights[Embeddings + "patch_embedding.weight"].view(width, shape.PatchLength));
        var first = weights[Embeddings + "class_embedding"].view(1, 1, width).expand(n, 1, width);
        var x = MatMul.Add(cat([first, MatMul.Full(rows)], 1), weights[Embeddings + "position_embedding.weight"]);
        x = Encoder.Norm(x, weights, LlavaWeights.Vision + "pre_layrnorm", shape.LayerNormEps);
        for (var i = 0; i < shape.VisionHiddenLayers - 1; i++)
        {
            x = Block(x, i);
        }

        return x;
    }

    /// <summary>The picture's vector for contrastive training, unit length: penultimate states to [n, projection].</summary>
    public Tensor Summary(Tensor penultimate)
    {
        var x = Block(penultimate, shape.VisionHiddenLayers - 1).select(1, 0);
        x = Encoder.Norm(x, weights, LlavaWeights.Vision + "post_layernorm", shape.LayerNormEps);
        return functional.normalize(MatMul.Full(MatMul.Linear(x, weights[LlavaWeights.Scaffold + "visual_projection.weight"])), dim: 1);
    }

    private Tensor Block(Tensor x, int index) =>
        Encoder.Block(x, weights, $"{LlavaWeights.Vision}encoder.layers.{index}.", shape.VisionAttentionHeads, shape.LayerNormEps, null);
}
