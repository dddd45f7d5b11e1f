using System.Runtime.InteropServices;
using LlavaServer.Engine.Tests.Vision;

namespace LlavaServer.Benchmarks.Vision;

/// <summary>
/// <c>golden-rows --write FOLDER</c> writes the files and pictures of the vision parity tests; a program on llama.cpp's libmtmd puts its image rows beside
/// them as <c>NAME.rows</c> (floats); <c>golden-rows --collect FOLDER --out FILE</c> makes the golden file of them.
/// </summary>
internal static class GoldenRowsCommand
{
    /// <summary>As in the test that reads them.</summary>
    private const int ColumnStep = 13;

    public static int Run(string[] args)
    {
        if (CommandLine.Option(args, "--write") is { } target)
        {
            WriteCases(target);
            return 0;
        }

        if (CommandLine.Option(args, "--collect") is { } source && CommandLine.Option(args, "--out") is { } output)
        {
            CollectRows(source, output);
            return 0;
        }

        Console.Error.WriteLine("usage: golden-rows --write FOLDER | --collect FOLDER --out FILE");
        return 2;
    }

    private static void WriteCases(string folder)
    {
        foreach (GoldenCase @case in GoldenCase.All)
        {
            @case.File.WriteTo(Path.Combine(folder, $"{@case.Name}.gguf"));
            File.WriteAllBytes(Path.Combine(folder, $"{@case.Name}-{@case.Width}x{@case.Height}.rgb"), @case.Picture.Pixels.ToArray());
        }
    }

    private static void CollectRows(string folder, string output)
    {
        using var target = new StreamWriter(output);
        target.WriteLine("#! Image rows of llama.cpp b11669, every thirteenth column, one line a row: for each case of GoldenCase.cs a program on its libmtmd called");
        target.WriteLine("#! mtmd_init_from_file(file), mtmd_bitmap_init(picture), mtmd_tokenize(marker), mtmd_encode_chunk and mtmd_get_output_embd, 1 thread, CPU.");
        foreach (GoldenCase @case in GoldenCase.All)
        {
            ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, $"{@case.Name}.rows")));
            target.WriteLine($"# {@case.Name}");
            for (int row = 0; row < values.Length / @case.File.LanguageWidth; row++)
            {
                float[] line = values.Slice(row * @case.File.LanguageWidth, @case.File.LanguageWidth).ToArray();
                target.WriteLine(string.Join(' ', line.Where((_, i) => i % ColumnStep == 0).Select(value => value.ToString("G5"))));
            }
        }
    }
}
