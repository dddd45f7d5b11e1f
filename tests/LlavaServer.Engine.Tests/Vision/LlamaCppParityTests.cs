using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>
/// Profile <c>llamacpp-d</c> against image rows that llama.cpp b11669 computed (golden/llamacpp-d.txt, every thirteenth column). The benchmarks' command
/// <c>golden-rows</c> writes the cases and, after a program on llama.cpp's libmtmd has put its rows beside them, collects that file.
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

    private static ImageEmbedding Encode(GoldenCase @case)
    {
        using TemporaryFile path = @case.File.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, @case.Profile, 2, @case.File.LanguageWidth);
        return encoder.Encode(@case.Picture, CancellationToken.None);
    }
}
