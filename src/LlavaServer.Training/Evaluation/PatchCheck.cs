using System.Globalization;
using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Network;
using LlavaServer.Training.Stages;
using static TorchSharp.torch;

namespace LlavaServer.Training.Evaluation;

/// <summary>How well the tower's patch rows tell what they show, on held-out pictures: share of right labels per kind. Appends to tower-held-out.csv.</summary>
public sealed class PatchCheck
{
    private readonly Batch _batch;
    private readonly StageOptions _options;
    private readonly LlavaShape _shape;

    public PatchCheck(Workshop workshop, StageOptions options)
    {
        _options = options;
        _shape = workshop.Shape;
        var random = new Random(20_260_102);
        var builder = workshop.Builder();
        var sampler = new SceneSampler(5);
        _batch = new Batch([.. Enumerable.Range(0, options.Smoke ? 4 : 160).Select(_ => builder.BuildCaption(sampler.Sample(random), "I see"))], _shape);
    }

    public void Run(LlavaNetwork network, StageProgress progress)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var scores = network.PatchScores(network.Tower.Penultimate(Losses.Pixels(_batch, _shape)));
        var labels = _batch.Examples.SelectMany(e => e.Labels).ToList();
        var rows = _shape.ImageRows;
        (string Name, int At, int Width, Func<PatchLabels, IEnumerable<long>> Of)[] kinds =
        [
            ("shape", 0, PatchLabels.Shapes, l => l.Shape.Select(s => s == PatchLabels.Shapes - 1 ? -1 : s)),
            ("color", 14, PatchLabels.Colors, l => l.Color),
            ("size", 26, 2, l => l.Size),
            ("fill", 28, 2, l => l.Fill),
            ("centre", 30, 2, l => l.Centre.Select(c => c == 1 ? 1L : -1)),
            ("word", 34, PatchLabels.Words, l => l.Word),
            ("digit1", 34 + PatchLabels.Words, PatchLabels.Digits, l => l.Digit.Take(rows)),
            ("digit2", 45 + PatchLabels.Words, PatchLabels.Digits, l => l.Digit.Skip(rows).Take(rows)),
        ];
        var line = $"{DateTime.Now:HH:mm} tower step {progress.Step} examples {progress.Examples}:";
        using var file = new StreamWriter(Path.Combine(_options.Run, "tower-held-out.csv"), append: true);
        if (file.BaseStream.Length == 0)
        {
            file.WriteLine("seconds,step,examples,family,right,asked");
        }

        foreach (var (name, at, width, of) in kinds)
        {
            var best = scores.narrow(1, at, width).argmax(1).data<long>().ToArray();
            long[] targets = [.. labels.SelectMany(of)];
            int asked = targets.Count(t => t >= 0), right = targets.Zip(best).Count(p => p.First >= 0 && p.First == p.Second);
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{progress.Seconds:F0},{progress.Step},{progress.Examples},{name},{right},{asked}"));
            line += string.Create(CultureInfo.InvariantCulture, $" {name} {100.0 * right / Math.Max(1, asked):F1}");
        }

        Console.WriteLine(line);
    }
}
