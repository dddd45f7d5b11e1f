using LlavaServer.Training.Dataset;
using LlavaServer.Training.Network;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LlavaServer.Training.Stages;

/// <summary>The losses of the four stages.</summary>
public static class Losses
{
    // Most patches are empty, and few are an item's centre: without weights the items' own patches would hardly count.
    private static readonly Tensor Emptiness = tensor([.. Enumerable.Repeat(1f, PatchLabels.Shapes - 1), 0.08f]).DetachFromDisposeScope();
    private static readonly Tensor Rareness = tensor([1f, 10f]).DetachFromDisposeScope();

    /// <summary>Mean cross-entropy over the supervised tokens.</summary>
    public static Tensor Answers(LlavaNetwork network, Batch batch, Tensor? pictureRows) =>
        functional.cross_entropy(Scores(network, batch, pictureRows), tensor(batch.Targets));

    public static Tensor Scores(LlavaNetwork network, Batch batch, Tensor? pictureRows) =>
        network.Logits(tensor(batch.Places), batch.Examples.Count, pictureRows, tensor(batch.Wanted));

    public static Tensor Pixels(Batch batch, LlavaShape shape) => tensor(batch.Pixels, batch.PictureCount, shape.ImageRows, shape.PatchLength);

    /// <summary>CLIP's symmetric contrastive loss between pictures and their captions.</summary>
    public static Tensor Contrast(LlavaNetwork network, ParameterSet weights, Batch batch, Tensor penultimate)
    {
        int n = batch.Examples.Count, longest = Math.Min(96, batch.Examples.Max(e => e.Caption.Length));
        long[] ids = new long[n * longest];
        float[] present = new float[n * longest];
        for (var i = 0; i < n; i++)
        {
            var caption = batch.Examples[i].Caption;
            for (var t = 0; t < Math.Min(longest, caption.Length); t++)
            {
                ids[(i * longest) + t] = caption[t];
                present[(i * longest) + t] = 1;
            }
        }

        var texts = network.Captions.Summary(tensor(ids, n, longest), tensor(present, n, longest));
        var similar = matmul(network.Tower.Summary(penultimate), texts.transpose(0, 1)) * weights[LlavaWeights.Scaffold + "logit_scale"].exp();
        var own = tensor(Enumerable.Range(0, n).Select(i => (long)i).ToArray());
        return MatMul.Add(functional.cross_entropy(similar, own), functional.cross_entropy(similar.transpose(0, 1), own)) * Constants.Of(0.5f);
    }

    /// <summary>Cross-entropy of what each patch shows, and the squared error of where its item's centre lies.</summary>
    public static Tensor Patches(Tensor scores, Batch batch)
    {
        var labels = batch.Examples.SelectMany(e => e.Labels).ToList();
        var at = 0;
        var loss = Class(PatchLabels.Shapes, l => l.Shape, 2, Emptiness);
        loss = MatMul.Add(loss, Class(PatchLabels.Colors, l => l.Color, 1));
        loss = MatMul.Add(loss, Class(2, l => l.Size, 0.5f));
        loss = MatMul.Add(loss, Class(2, l => l.Fill, 0.5f));
        loss = MatMul.Add(loss, Class(2, l => l.Centre, 1, Rareness));
        float[] offsets = [.. labels.SelectMany(l => l.Offset)], counted = [.. labels.SelectMany(l => l.HasOffset)];
        var error = MatMul.Add(scores.narrow(1, at, 2), tensor(Array.ConvertAll(offsets, o => -o), offsets.Length / 2, 2));
        error = (error * error).sum(1) * tensor(counted);
        loss = MatMul.Add(loss, error.sum() / tensor(Math.Max(1, counted.Sum()) / 4));
        at += 2;
        loss = MatMul.Add(loss, Class(PatchLabels.Words, l => l.Word, 0.6f));
        for (var d = 0; d < 3; d++)
        {
            var digit = d;
            loss = MatMul.Add(loss, Class(PatchLabels.Digits, l => l.Digit.AsSpan(digit * l.Word.Length, l.Word.Length).ToArray(), 0.2f));
        }

        return loss;

        Tensor Class(int width, Func<PatchLabels, long[]> of, float weight, Tensor? classes = null)
        {
            long[] targets = [.. labels.SelectMany(of)];
            var part = scores.narrow(1, at, width);
            at += width;
            var count = targets.Count(t => t >= 0);
            return count == 0
                ? part.sum() * Constants.Of(0)
                : functional.cross_entropy(part, tensor(targets), classes, ignore_index: -1) * Constants.Of(weight);
        }
    }
}
