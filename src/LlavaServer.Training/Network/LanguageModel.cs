using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>Llama (Touvron et al. 2023, arXiv 2302.13971): RMSNorm, rotate-half RoPE, causal attention, SwiGLU, no biases.</summary>
public sealed class LanguageModel : IDisposable
{
    private readonly LlavaShape _shape;
    private readonly ParameterSet _weights;
    /// <summary>Positions that training can use; the exported model may be run with more.</summary>
    private const int Longest = 768;

    private readonly Tensor _causal;
    private readonly Tensor _cos;
    private readonly Tensor _sin;

    public LanguageModel(LlavaShape shape, ParameterSet weights)
    {
        _shape = shape;
        _weights = weights;
        int size = shape.HiddenSize / shape.AttentionHeads, half = size / 2, positions = Longest;
        float[] cosines = new float[positions * size], sines = new float[positions * size];
        for (var p = 0; p < positions; p++)
        {
            for (var i = 0; i < size; i++)
            {
                var angle = p * Math.Pow(shape.RopeTheta, -2.0 * (i % half) / size);
                cosines[(p * size) + i] = (float)Math.Cos(angle);
                sines[(p * size) + i] = (float)Math.Sin(angle) * (i < half ? -1 : 1);
            }
        }

        var causal = new float[Longest * Longest];
        for (var i = 0; i < causal.Length; i++)
        {
            causal[i] = i % Longest > i / Longest ? -1e9f : 0;
        }

        _causal = tensor(causal, Longest, Longest).DetachFromDisposeScope();
        _cos = tensor(cosines, positions, size).DetachFromDisposeScope();
        _sin = tensor(sines, positions, size).DetachFromDisposeScope();
    }

    /// <summary>Input rows [n, t, width] to normalised output rows of the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        long n = x.shape[0], t = x.shape[1], width = x.shape[2], heads = _shape.AttentionHeads, size = width / heads;
        var cos = MatMul.Compute(_cos.narrow(0, 0, t));
        var sin = MatMul.Compute(_sin.narrow(0, 0, t));
        var mask = MatMul.Compute(_causal.narrow(0, 0, t).narrow(1, 0, t));
        for (var i = 0; i < _shape.HiddenLayers; i++)
        {
            var layer = $"{LlavaWeights.Language}model.layers.{i}.";
            var h = MatMul.Compute(Norm(x));
            var qkvWeight = cat([_weights[layer + "self_attn.q_proj.weight"], _weights[layer + "self_attn.k_proj.weight"], _weights[layer + "self_attn.v_proj.weight"]], 0);
            var qkv = MatMul.Linear(h, qkvWeight * _weights[layer + "input_layernorm.weight"]).view(n, t, 3, heads, size).permute(2, 0, 3, 1, 4).contiguous();
            var qk = Rotate(qkv.narrow(0, 0, 2), cos, sin);
            var attended = MatMul.Attention(qk[0], qk[1], qkv[2], mask);
            x = MatMul.Add(x, MatMul.Linear(attended.transpose(1, 2).reshape(n, t, width), _weights[layer + "self_attn.o_proj.weight"]));

            h = MatMul.Compute(Norm(x));
            var gateUpWeight = cat([_weights[layer + "mlp.gate_proj.weight"], _weights[layer + "mlp.up_proj.weight"]], 0);
            var gateUp = MatMul.Linear(h, gateUpWeight * _weights[layer + "post_attention_layernorm.weight"]);
            var parts = gateUp.chunk(2, -1);
            x = MatMul.Add(x, MatMul.Linear(functional.silu(parts[0]) * parts[1], _weights[layer + "mlp.down_proj.weight"]));
        }

        return Norm(x);
    }

    /// <summary>Normalised rows [k, width] to logits [k, vocabulary].</summary>
    public Tensor Logits(Tensor rows) => MatMul.Full(MatMul.Linear(rows, _weights[LlavaWeights.Language + "lm_head.weight"] * _weights[LlavaWeights.Language + "model.norm.weight"]));

    public void Dispose()
    {
        _causal.Dispose();
        _cos.Dispose();
        _sin.Dispose();
    }

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var halves = x.chunk(2, -1);
        return MatMul.Add(x * cos, cat([halves[1], halves[0]], -1) * sin);
    }

    /// <summary>RMSNorm without its weight, which is multiplied into the matrix that follows: the same product, far fewer passes over x.</summary>
    private Tensor Norm(Tensor x) =>
        x * rsqrt(MatMul.Add((x * x).mean([-1], keepdim: true), Constants.Of(_shape.RmsNormEps)));
}
