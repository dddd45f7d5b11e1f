using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Training.Evaluation;
using LlavaServer.Training.Evaluation.Sets;
using LlavaServer.Training.Export;
using LlavaServer.Training.Network;
using LlavaServer.Training.Plotting;
using LlavaServer.Training.Stages;
using static TorchSharp.torch;

var command = args.Length > 0 ? args[0] : string.Empty;
var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (var i = 1; i < args.Length; i++)
{
    var name = args[i].TrimStart('-');
    options[name] = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : string.Empty;
}

switch (command)
{
    case "tower" or "language" or "align" or "instruct":
        set_num_threads(options.TryGetValue("threads", out var threads) ? int.Parse(threads, System.Globalization.CultureInfo.InvariantCulture) : 1);
        MatMul.UseBFloat16 = options.ContainsKey("bf16");
        var stage = StageOptions.Parse(options);
        Action<StageOptions> run = command switch
        {
            "tower" => TrainingStages.Tower,
            "language" => TrainingStages.Language,
            "align" => TrainingStages.Align,
            _ => TrainingStages.Instruct,
        };
        run(stage);
        return 0;
    case "join":
        TrainingStages.Join(StageOptions.Parse(options));
        return 0;
    case "train":
        set_num_threads(1);
        MatMul.UseBFloat16 = options.ContainsKey("bf16");
        WholeTraining.Run(StageOptions.Parse(options), double.Parse(options.GetValueOrDefault("scale", "1"), System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case "export":
        LlavaExport.Write(StageOptions.Parse(options), options["checkpoint"], options["to"]);
        return 0;
    case "import":
        Directory.CreateDirectory(options["to"]);
        HuggingFaceImporter.Import(
            options["checkpoint"], Path.Combine(options["to"], "llava-mini.gguf"), Path.Combine(options["to"], "llava-mini-mmproj.gguf"), TensorType.F16, "llava-mini");
        return 0;
    case "evaluate-data":
        HeldOutData.Write(StageOptions.Parse(options), options["to"], int.Parse(options.GetValueOrDefault("per-family", "100"), System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case "evaluate-sets":
        QuestionSets.Write(
            options.GetValueOrDefault("fonts", "/usr/share/fonts/truetype"), options["to"], int.Parse(options.GetValueOrDefault("count", "120"), System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case "evaluate":
        var evaluation = new ServerEvaluation(new Uri(options["server"]), options.GetValueOrDefault("model", "llava-mini"), int.Parse(options.GetValueOrDefault("parallel", "2"), System.Globalization.CultureInfo.InvariantCulture));
        await evaluation.RunAsync(options["data"], options.GetValueOrDefault("to", "evaluation"), options.TryGetValue("limit", out var limit) ? int.Parse(limit, System.Globalization.CultureInfo.InvariantCulture) : null, CancellationToken.None);
        return 0;
    case "plot":
        LearningCurves.Write(options["out"], options.GetValueOrDefault("fonts", "/usr/share/fonts/truetype"), options["to"]);
        return 0;
    case "card":
        ModelCard.Fill(options["card"], options["table"]);
        return 0;
    case "sample":
        Sampling.Run(StageOptions.Parse(options));
        return 0;
    default:
        Console.Error.WriteLine("usage: LlavaServer.Training train|tower|language|join|align|instruct|export|import|evaluate-data|evaluate-sets|evaluate|plot|card|sample --out FOLDER [--fonts FOLDER] [--until HH:mm | --minutes N | --steps N] ...");
        return 2;
}
