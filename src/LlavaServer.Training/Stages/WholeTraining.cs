using LlavaServer.Training.Export;

namespace LlavaServer.Training.Stages;

/// <summary>All stages one after another, and the export: the one command that makes the bundled model again.</summary>
public static class WholeTraining
{
    /// <summary>Minutes of each stage where no end is given, as the bundled model had them.</summary>
    private static readonly (string Stage, double Minutes, int Batch, float Rate, double Hold, double Curriculum)[] Plan =
    [
        ("tower", 28, 12, 1e-3f, 0.85, 0.4), ("language", 4, 16, 2e-3f, 0.5, 0), ("align", 3, 16, 2e-3f, 0.5, 0), ("instruct", 165, 12, 1.2e-3f, 0.5, 0),
    ];

    /// <summary>
    /// Runs every stage into <paramref name="options"/>' folder and exports to its subfolder "export". With --steps each stage takes
    /// that many; with --scale its planned minutes are stretched.
    /// </summary>
    public static void Run(StageOptions options, double scale)
    {
        foreach (var (stage, minutes, batch, rate, hold, curriculum) in Plan)
        {
            var own = options with
            {
                Batch = options.Smoke ? 2 : batch,
                Rate = rate,
                Hold = hold,
                Curriculum = curriculum,
                Unfreeze = true,
                TowerFactor = 0.3f,
                Until = options.Steps is null ? DateTime.Now.AddMinutes(minutes * scale) : null,
                From = stage switch
                {
                    "align" => Path.Combine(options.Run, "join.safetensors"),
                    "instruct" => Path.Combine(options.Run, "align.safetensors"),
                    _ => null,
                },
            };
            Console.WriteLine($"stage {stage}");
            Action<StageOptions> run = stage switch
            {
                "tower" => TrainingStages.Tower,
                "language" => TrainingStages.Language,
                "align" => TrainingStages.Align,
                _ => TrainingStages.Instruct,
            };
            run(own);
            if (stage == "language")
            {
                TrainingStages.Join(options);
            }
        }

        LlavaExport.Write(options, Path.Combine(options.Run, "instruct.safetensors"), Path.Combine(options.Run, "export"));
    }
}
