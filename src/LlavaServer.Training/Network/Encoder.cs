using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>The pre-norm transformer block that CLIP's picture and text encoders share.</summary>
public static class Encoder
{
    /// <summary>x [n, t, width]; full attention, or limited by an additive <paramref name="mask"/> that broadcasts to [n, heads, t, t].</summary>
    public static Tensor Block(Tensor x, ParameterSet weights, string layer, int heads, float eps, Tensor? mask)
    {
        long n = x.shape[0], t = x.shape[1], width = x.shape[2];
        var h = Norm(x, weights, layer + "layer_norm1", eps);
        var qkvWeight = cat([weights[layer + "self_attn.q_proj.weight"], weights[layer + "self_attn.k_proj.weight"], weights[layer + "self_attn.v_proj.weight"]], 0);
        var qkvBias = cat([weights[layer + "self_attn.q_proj.bias"], weights[layer + "self_attn.k_proj.bias"], weights[layer + "self_attn.v_proj.bias"]], 0);
        var qkv = MatMul.Linear(h, qkvWeight, qkvBias).view(n, t, 3, heads, width / heads).permute(2, 0, 3, 1, 4).contiguous();
        var attended = MatMul.Attention(qkv[0], qkv[1], qkv[2], mask).transpose(1, 2).reshape(n, t, width);
        x = MatMul.Add(x, MatMul.Linear(attended, weights[layer + "self_attn.out_proj.weight"], weights[layer + "self_attn.out_proj.bias"]));

        h = Norm(x, weights, layer + "layer_norm2", eps);
        h = QuickGelu(MatMul.Linear(h, weights[layer + "mlp.fc1.weight"], weights[layer + "mlp.fc1.bias"]));
        return MatMul.Add(x, MatMul.Linear(h, weights[layer + "mlp.fc2.weight"], weights[layer + "mlp.fc2.bias"]));
    }

    public static Tensor Norm(Tensor x, ParameterSet weights, string name, float eps) =>
        functional.layer_norm(x, [x.shape[^1]], weights[name + ".weight"], weights[name + ".bias"], eps);

    private static Tensor QuickGelu(Tensor x) => x * sigmoid(x * Constants.Of(1.702f));
}
