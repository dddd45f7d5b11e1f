using System.Diagnostics;
using System.Globalization;
using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Network;
using LlavaServer.Training.Optimization;
using static TorchSharp.torch;

namespace LlavaServer.Training.Stages;

/// <summary>
/// The one training loop: next batch, loss, gradients, update, with a curve as CSV, checkpoints, and a learning rate that warms up,
/// holds, and falls towards the end of the stage. A stage that was interrupted goes on from its last checkpoint.
/// </summary>
public sealed class StageLoop(string stage, StageOptions options, ParameterSet weights, IReadOnlyList<string> trained)
{
    private readonly AdamW _optimizer = new();
    private readonly Stopwatch _clock = new();
    private StageProgress _progress = new(stage, 0, 0, 0);
    private double _endSeconds;

    public string CheckpointPath => Path.Combine(options.Run, stage + ".safetensors");

    /// <summary>0 at the start of the stage, 1 at its end; read by the producer for the curriculum.</summary>
    public double Share { get; private set; }

    /// <summary>
    /// Loads the stage's own checkpoint, or the one to start from, and returns the seed of the data that comes next: fixed by the
    /// options and the step, so that a stage that goes on draws fresh data.
    /// </summary>
    public int Resume()
    {
        if (File.Exists(CheckpointPath))
        {
            _progress = Checkpoint.Load(CheckpointPath, weights, _optimizer, stage);
        }
        else if (options.From is { } from)
        {
            Checkpoint.Load(from, weights, _optimizer, stage);
        }

        return unchecked((options.Seed * 7919) + (int)(_progress.Step * 31));
    }

    /// <summary>Trains from where <see cref="Resume"/> left it until the stage's end. <paramref name="check"/> runs now and then and at the end.</summary>
    public void Run(BatchSource source, Func<Batch, Tensor> loss, Func<string, float> rateFactor, Action<StageProgress>? check)
    {
        Start();
        using var curve = new StreamWriter(Path.Combine(options.Run, stage + ".csv"), append: true) { AutoFlush = true };
        if (curve.BaseStream.Length == 0)
        {
            curve.WriteLine("seconds,step,examples,loss,rate,norm");
        }

        double sum = 0, norm = 0, lastSave = 0, lastCheck = 0;
        var since = 0;
        while (Share < 1)
        {
            var batches = Enumerable.Range(0, options.Workers).Select(_ => source.Next()).ToArray();
            sum += Gradients(batches, loss);
            var rate = Rate();
            using (NewDisposeScope())
            {
                norm = _optimizer.Step(weights, trained, rate, rateFactor, batches.Length);
            }

            since++;
            Advance(batches.Sum(b => b.Examples.Count));
            if (since == 20 || Share >= 1)
            {
                curve.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_progress.Seconds:F0},{_progress.Step},{_progress.Examples},{sum / since:F4},{rate:E2},{norm:F2}"));
                (sum, since) = (0, 0);
            }

            if (_clock.Elapsed.TotalSeconds - lastCheck > options.CheckEvery && Share < 1)
            {
                check?.Invoke(_progress);
                lastCheck = _clock.Elapsed.TotalSeconds;
            }

            if (_clock.Elapsed.TotalSeconds - lastSave > options.SaveEvery)
            {
                Checkpoint.Save(CheckpointPath, weights, _optimizer, _progress);
                lastSave = _clock.Elapsed.TotalSeconds;
            }
        }

        Checkpoint.Save(CheckpointPath, weights, _optimizer, _progress);
        check?.Invoke(_progress);
    }

    /// <summary>
    /// Runs each batch forward and backward on a thread of its own; gradients add up in the weights (libtorch locks each of them).
    /// Whole batches side by side lose less to a busy machine than threads that meet after every operation. Returns the mean loss.
    /// </summary>
    private static double Gradients(Batch[] batches, Func<Batch, Tensor> loss)
    {
        var losses = new double[batches.Length];
        Parallel.For(0, batches.Length, new ParallelOptions { MaxDegreeOfParallelism = batches.Length }, i =>
        {
            using var scope = NewDisposeScope();
            var value = loss(batches[i]);
            value.backward();
            losses[i] = value.item<float>();
        });
        return losses.Average();
    }

    private void Start()
    {
        var left = options.Until is { } until ? (until - DateTime.Now).TotalSeconds : double.PositiveInfinity;
        _endSeconds = _progress.Seconds + left;
        _clock.Start();
        Share = 0;
        Advance(0);
    }

    private double _before = -1;

    private void Advance(int examples)
    {
        _before = _before < 0 ? _progress.Seconds : _before;
        var seconds = _before + _clock.Elapsed.TotalSeconds;
        _progress = _progress with { Step = _progress.Step + (examples > 0 ? 1 : 0), Examples = _progress.Examples + examples, Seconds = seconds };
        Share = options.Steps is { } steps ? (double)_progress.Step / steps : seconds / _endSeconds;
    }

    private float Rate()
    {
        var warm = Math.Min(1, (_progress.Step + 1.0) / options.WarmUp);
        var fall = Share < options.Hold ? 1 : Math.Max(0.02, (1 - Share) / (1 - options.Hold));
        return (float)(options.Rate * Math.Min(warm, fall));
    }
}
