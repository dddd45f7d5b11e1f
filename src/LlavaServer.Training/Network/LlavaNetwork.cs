using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Network;

/// <summary>The whole LLaVA graph over one set of weights (Liu et al. 2023, arXiv 2310.03744).</summary>
public sealed class LlavaNetwork(LlavaShape shape, ParameterSet weights) : IDisposable
{
    public VisionTower Tower { get; } = new(shape, weights);
    public TextEncoder Captions { get; } = new(shape, weights);
    public LanguageModel Language { get; } = new(shape, weights);

    /// <summary>Picture rows for the language model: penultimate states [n, 1 + rows, width] to [n * rows, hidden], class row dropped.</summary>
    public Tensor Project(Tensor penultimate)
    {
        var rows = penultimate.narrow(1, 1, shape.ImageRows);
        var h = functional.gelu(MatMul.Linear(rows, weights[LlavaWeights.Projector + "linear_1.weight"], weights[LlavaWeights.Projector + "linear_1.bias"]));
        h = MatMul.Linear(h, weights[LlavaWeights.Projector + "linear_2.weight"], weights[LlavaWeights.Projector + "linear_2.bias"]);
        return MatMul.Full(h).reshape(-1, shape.HiddenSize);
    }

    /// <summary>
    /// Logits at chosen places. <paramref name="places"/> [n * t] index the vocabulary's embedding rows followed by the pictures' rows;
    /// <paramref name="wanted"/> are flat positions [k]; the result is [k, vocabulary].
    /// </summary>
    public Tensor Logits(Tensor places, long n, Tensor? pictureRows, Tensor wanted)
    {
        var table = weights[LlavaWeights.Language + "model.embed_tokens.weight"];
        if (pictureRows is not null)
        {
            table = cat([table, pictureRows], 0);
        }

        var x = table.index_select(0, places).view(n, -1, shape.HiddenSize);
        return Language.Logits(Language.Forward(x).view(-1, shape.HiddenSize).index_select(0, wanted));
    }

    /// <summary>Scores of the patch labels: penultimate states to [n * rows, outputs].</summary>
    public Tensor PatchScores(Tensor penultimate)
    {
        var rows = penultimate.narrow(1, 1, shape.ImageRows).reshape(-1, shape.VisionHiddenSize);
        return MatMul.Full(MatMul.Linear(rows, weights[LlavaWeights.Scaffold + "patch_labels.weight"], weights[LlavaWeights.Scaffold + "patch_labels.bias"]));
    }

    public void Dispose() => Language.Dispose();
}
