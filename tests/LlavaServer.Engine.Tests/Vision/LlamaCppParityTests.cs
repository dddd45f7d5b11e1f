using System.Runtime.InteropServices;
using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>
/// Profile <c>llamacpp-d</c> against image rows that llama.cpp b11669 computed (golden/llamacpp-d.txt, every thirteenth column). The two explicit tests
/// regenerate that file: they write the cases to LLAVA_GOLDEN and, after a program on llama.cpp's libmtmd has put its rows there, collect them.
/// </summary>
public sealed class LlamaCppParityTests
{
    private const int ColumnStep = 13;
    private const string GoldenName = "llamacpp-d.txt";

    public static TheoryData<string> Names => [.. GoldenCase.All.Select(@case => @case.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_LlamaCppProfile_EqualsLlamaCpp(string name)
    {
        GoldenCase @case = GoldenCase.All.Single(candidate => candidate.Name == name);
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Vision", "golden", GoldenName));
        float[][] expected = lines.SkipWhile(line => line != $"# {name}").Skip(1).TakeWhile(line => !line.StartsWith('#'))
            .Select(line => line.Split(' ').Select(float.Parse).ToArray()).ToArray();
        ImageEmbedding actual = Encode(@case);
        Assert.Equal(expected.Length, actual.RowCount);

        double largest = 0;
        double squares = 0;
        double magnitude = 0;
        int count = 0;
        for (int row = 0; row < expected.Length; row++)
        {
            for (int i = 0; i < expected[row].Length; i++, count++)
            {
                double difference = Math.Abs(expected[row][i] - actual.Row(row)[i * ColumnStep]);
                largest = Math.Max(largest, difference);
                squares += difference * difference;
                magnitude += expected[row][i] * (double)expected[row][i];
            }
        }

        // The gates are for rows of unit scale.
        double scale = Math.Sqrt(magnitude / count);
        double mean = Math.Sqrt(squares / magnitude);
        string result = $"{name}: largest {largest / scale:F5}, mean {mean:F5}, scale {scale:F2}";
        TestContext.Current.TestOutputHelper?.WriteLine(result);

        // With block types one activation that falls on the other side of a rounding step moves by 1/127 of its block's largest, and others after it.
        Assert.True(TensorTypes.BlockElements(@case.File.Type) > 1 ? mean < 0.03 : largest / scale < 0.01, result);
    }

    [Fact(Explicit = true)]
    public void WriteCases()
    {
        string folder = GoldenFolder();
        foreach (GoldenCase @case in GoldenCase.All)
        {
            @case.File.WriteTo(Path.Combine(folder, $"{@case.Name}.gguf"));
            File.WriteAllBytes(Path.Combine(folder, $"{@case.Name}-{@case.Width}x{@case.Height}.rgb"), @case.Picture.Pixels.ToArray());
        }
    }

    [Fact(Explicit = true)]
    public void CollectRows()
    {
        using var target = new StreamWriter(Path.Combine(GoldenFolder(), GoldenName));
        target.WriteLine("#! Image rows of llama.cpp b11669, every thirteenth column, one line a row: for each case of GoldenCase.cs a program on its libmtmd called");
        target.WriteLine("#! mtmd_init_from_file(file), mtmd_bitmap_init(picture), mtmd_tokenize(marker), mtmd_encode_chunk and mtmd_get_output_embd, 1 thread, CPU.");
        foreach (GoldenCase @case in GoldenCase.All)
        {
            ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(GoldenFolder(), $"{@case.Name}.rows")));
            target.WriteLine($"# {@case.Name}");
            for (int row = 0; row < values.Length / @case.File.LanguageWidth; row++)
            {
                float[] line = values.Slice(row * @case.File.LanguageWidth, @case.File.LanguageWidth).ToArray();
                target.WriteLine(string.Join(' ', line.Where((_, i) => i % ColumnStep == 0).Select(value => value.ToString("G5"))));
            }
        }
    }

    private static string GoldenFolder() =>
        Environment.GetEnvironmentVariable("LLAVA_GOLDEN") ?? throw new InvalidOperationException("LLAVA_GOLDEN names no folder");

    private static ImageEmbedding Encode(GoldenCase @case)
    {
        using TemporaryFile path = @case.File.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, @case.Profile, 2, @case.File.LanguageWidth);
        return encoder.Encode(@case.Picture, CancellationToken.None);
    }
}
