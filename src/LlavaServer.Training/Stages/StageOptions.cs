using System.Globalization;

namespace LlavaServer.Training.Stages;

/// <summary>What a training command is told: folders, size of a step, length of the stage, learning rate.</summary>
public sealed record StageOptions
{
    public required string Run { get; init; }
    public required string Fonts { get; init; }

    /// <summary>Checkpoint to start from when the stage has none of its own.</summary>
    public string? From { get; init; }
    public int Batch { get; init; } = 32;
    public float Rate { get; init; } = 1e-3f;

    /// <summary>Steps of warm-up.</summary>
    public int WarmUp { get; init; } = 150;

    /// <summary>End of the stage: a time of day, or steps; the learning rate decays towards whichever is given.</summary>
    public DateTime? Until { get; init; }
    public long? Steps { get; init; }

    /// <summary>Share of the stage before the learning rate begins to fall.</summary>
    public double Hold { get; init; } = 0.4;

    /// <summary>Share of the stage during which scenes grow from two items to five.</summary>
    public double Curriculum { get; init; } = 0.3;
    public bool Unfreeze { get; init; }
    public float TowerFactor { get; init; } = 0.5f;

    /// <summary>Weight of the patch labels beside the answers while the tower trains with them.</summary>
    public float PatchWeight { get; init; } = 0.1f;
    public int Seed { get; init; } = 1;
    public bool Smoke { get; init; }

    /// <summary>Batches that are computed side by side for one step.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Seconds between held-out checks, and between checkpoints.</summary>
    public int CheckEvery { get; init; } = 600;
    public int SaveEvery { get; init; } = 300;

    public static StageOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var result = new StageOptions
        {
            Run = options.GetValueOrDefault("out", "runs/llava-mini"),
            Fonts = options.GetValueOrDefault("fonts", "/usr/share/fonts/truetype"),
            From = options.GetValueOrDefault("from"),
            Unfreeze = options.ContainsKey("unfreeze"),
            Smoke = options.ContainsKey("smoke"),
        };
        return result with
        {
            Batch = Integer("batch", result.Batch),
            Rate = (float)Real("rate", result.Rate),
            WarmUp = Integer("warm-up", result.WarmUp),
            Steps = options.ContainsKey("steps") ? Integer("steps", 0) : null,
            Until = options.TryGetValue("until", out var until) ? DateTime.Today + TimeSpan.Parse(until, CultureInfo.InvariantCulture)
                : options.ContainsKey("minutes") ? DateTime.Now.AddMinutes(Real("minutes", 0)) : null,
            Hold = Real("hold", result.Hold),
            Curriculum = Real("curriculum", result.Curriculum),
            TowerFactor = (float)Real("tower-factor", result.TowerFactor),
            PatchWeight = (float)Real("patch-weight", result.PatchWeight),
            Workers = Integer("workers", result.Workers),
            Seed = Integer("seed", result.Seed),
            CheckEvery = Integer("check-every", result.CheckEvery),
            SaveEvery = Integer("save-every", result.SaveEvery),
        };

        int Integer(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        double Real(string name, double otherwise) => options.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }
}
