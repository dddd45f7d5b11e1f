using System.Globalization;
using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Network;
using LlavaServer.Training.Stages;
using static TorchSharp.torch;

namespace LlavaServer.Training.Evaluation;

/// <summary>
/// Exact answers on conversations that no stage draws, during training: an answer counts when every token of it is the likeliest one
/// after the true tokens before it, which is when greedy decoding writes it. Appends to held-out.csv.
/// </summary>
public sealed class HeldOutCheck
{
    private const int HeldOutSeed = 20_260_101;
    private readonly List<Batch> _batches = [];
    private readonly StageOptions _options;
    private readonly LlavaShape _shape;

    public HeldOutCheck(Workshop workshop, StageOptions options)
    {
        _options = options;
        _shape = workshop.Shape;
        var random = new Random(HeldOutSeed);
        var builder = workshop.Builder();
        var sampler = new SceneSampler(5);
        var examples = Enumerable.Range(0, options.Smoke ? 4 : 320)
            .Select(_ => builder.Build(ConversationWriter.OnePicture(random, null, sampler.Sample(random), 4)))
            .OrderBy(e => e.Tokens.Length).ToList();
        for (var i = 0; i < examples.Count; i += 32)
        {
            _batches.Add(new Batch(examples.GetRange(i, Math.Min(32, examples.Count - i)), _shape));
        }
    }

    /// <summary>Checks the network as it is and writes one line per family.</summary>
    public void Run(LlavaNetwork network, StageProgress progress)
    {
        var right = new Dictionary<Family, int>();
        var all = new Dictionary<Family, int>();
        foreach (var batch in _batches)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var rows = network.Project(network.Tower.Penultimate(Losses.Pixels(batch, _shape)));
            var best = Losses.Scores(network, batch, rows).argmax(1).data<long>().ToArray();
            var at = 0;
            foreach (var span in batch.Examples.SelectMany(e => e.Spans))
            {
                var exact = true;
                for (var t = span.From; t < span.To; t++, at++)
                {
                    exact &= best[at] == batch.Targets[at];
                }

                all[span.Family] = all.GetValueOrDefault(span.Family) + 1;
                right[span.Family] = right.GetValueOrDefault(span.Family) + (exact ? 1 : 0);
            }
        }

        using var file = new StreamWriter(Path.Combine(_options.Run, "held-out.csv"), append: true);
        if (file.BaseStream.Length == 0)
        {
            file.WriteLine("seconds,step,examples,family,right,asked");
        }

        foreach (var family in all.Keys.Order())
        {
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{progress.Seconds:F0},{progress.Step},{progress.Examples},{family},{right[family]},{all[family]}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.Now:HH:mm} {progress.Stage} step {progress.Step} examples {progress.Examples}: all {100.0 * right.Values.Sum() / all.Values.Sum():F1} % | {string.Join(' ', all.Keys.Order().Select(f => $"{f} {100 * right[f] / all[f]}"))}"));
    }
}
