using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Benchmarks.Generate;

/// <summary>
/// `generate --shape tinyllama-1.1b --type Q4_0 --out folder`: writes a model with random weights, by which speed and parity are measured without a
/// download. `--pure` keeps one type for all matrices, `--seed` changes the weights, `--projection-width` fits a vision tower to a language model.
/// </summary>
internal static class GenerateCommand
{
    public static int Run(string[] args)
    {
        var shape = Option(args, "--shape");
        var folder = Option(args, "--out");
        if (shape is null || folder is null)
        {
            return Fail("usage: generate --shape NAME --type TYPE --out FOLDER [--pure] [--seed N] [--projection-width N]");
        }

        var mix = QuantizationMix.Parse(Option(args, "--type") ?? "F16");
        var seed = ulong.Parse(Option(args, "--seed") ?? "1");
        var pure = args.Contains("--pure");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{shape}-{mix.Name}{(pure ? "-pure" : string.Empty)}.gguf");
        if (LanguageShape.All.FirstOrDefault(candidate => candidate.Name == shape) is { } language)
        {
            RandomLanguageModel.Write(path, language, mix, seed, pure);
        }
        else if (VisionShape.All.FirstOrDefault(candidate => candidate.Name == shape) is { } vision)
        {
            var width = int.Parse(Option(args, "--projection-width") ?? vision.ProjectionWidth.ToString());
            RandomVisionModel.Write(path, vision with { ProjectionWidth = width }, mix, seed, pure);
        }
        else
        {
            var names = LanguageShape.All.Select(candidate => candidate.Name).Concat(VisionShape.All.Select(candidate => candidate.Name));
            return Fail($"unknown shape '{shape}'; choose one of {string.Join(", ", names)}");
        }

        Console.WriteLine($"{path} {new FileInfo(path).Length:N0} bytes");
        return 0;
    }

    private static string? Option(string[] args, string name)
    {
        var index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 2;
    }
}
