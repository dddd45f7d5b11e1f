using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>The small caption encoder of contrastive training; left behind when the tower is done.</summary>
public sealed class TextEncoder(LlavaShape shape, ParameterSet weights)
{
    private const string Prefix = LlavaWeights.Scaffold + "text_model.";

    /// <summary>Captions [n, t] of token ids with a mask [n, t] (1 = token, 0 = padding) to unit vectors [n, projection].</summary>
    public Tensor Summary(Tensor ids, Tensor present)
    {
        var t = ids.shape[1];
        var x = MatMul.Add(weights[Prefix + "token_embedding.weight"].index_select(0, ids.flatten()).view(ids.shape[0], t, shape.ProjectionDim), weights[Prefix + "position_embedding.weight"].narrow(0, 0, t));
        var mask = (MatMul.Add(present, Constants.Of(-1)) * Constants.Of(1e9f)).unsqueeze(1).unsqueeze(1);
        for (var i = 0; i < 2; i++)
        {
            x = Encoder.Block(x, weights, $"{Prefix}layers.{i}.", 4, shape.LayerNormEps, mask);
        }

        x = Encoder.Norm(x, weights, Prefix + "final_layer_norm", shape.LayerNormEps);
        var kept = present.unsqueeze(2);
        var mean = (x * kept).sum(1) / kept.sum(1);
        return functional.normalize(MatMul.Full(MatMul.Linear(mean, weights[LlavaWeights.Scaffold + "text_projection.weight"])), dim: 1);
    }
}
