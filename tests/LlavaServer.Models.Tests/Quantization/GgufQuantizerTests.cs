using System.Security.Cryptography;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Tests.Gguf;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Quantization;

public sealed class GgufQuantizerTests
{
    private static readonly LanguageShape Deep = LanguageShape.Tiny256 with
    {
        Name = "deep",
        Layers = 16,
        Heads = 8,
        KeyValueHeads = 2,
        FeedForward = 256,
        TiedOutput = true,
    };

    [Theory]
    [InlineData("tiny-f32")]
    [InlineData("tiny-256-f16")]
    [InlineData("deep-bf16")]
    public void Quantize_EveryRecipe_BytesOfLlamaQuantize(string model)
    {
        using var folder = new TemporaryFolder();
        var (shape, stored) = model switch
        {
            "tiny-f32" => (LanguageShape.Tiny, "F32"),
            "tiny-256-f16" => (LanguageShape.Tiny256, "F16"),
            _ => (Deep, "BF16"),
        };
        RandomLanguageModel.Write(folder.File("in.gguf"), shape, QuantizationMix.Parse(stored));
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Quantization", "llama-quantize.txt"))
            .Where(line => line.StartsWith(model + " ", StringComparison.Ordinal)).ToList();

        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            GgufQuantizer.Quantize(
                folder.File("in.gguf"), folder.File("out.gguf"), QuantizationMix.Parse(fields[1]), fields[2] == "--pure", TestContext.Current.CancellationToken);
            using var output = File.OpenRead(folder.File("out.gguf"));
            Assert.Equal($"{fields[1]} {fields[2]} {fields[3]}", $"{fields[1]} {fields[2]} {Convert.ToHexStringLower(SHA256.HashData(output))}");
        }

        Assert.True(lines.Count >= 3);
    }

    [Fact]
    public void Quantize_AlreadyQuantized_RefusedByTensor()
    {
        using var folder = new TemporaryFolder();
        RandomLanguageModel.Write(folder.File("in.gguf"), LanguageShape.Tiny, QuantizationMix.Parse("Q8_0"));

        var error = Assert.Throws<GgufException>(() => GgufQuantizer.Quantize(
            folder.File("in.gguf"), folder.File("out.gguf"), QuantizationMix.Parse("Q4_0"), cancellationToken: TestContext.Current.CancellationToken));

        Assert.Contains("is already Q8_0", error.Message, StringComparison.Ordinal);
        Assert.Equal(["in.gguf"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    // What llama-quantize refuses (b11669): it looks at all that it reads, also at what it only copies, and at all that it has quantized.
    [Theory]
    [InlineData("blk.0.attn_norm.weight", float.NaN, "Q4_0")]
    [InlineData("blk.1.ffn_down.weight", float.NaN, "Q4_0")]
    [InlineData("blk.1.ffn_down.weight", float.PositiveInfinity, "BF16")]
    [InlineData("blk.1.ffn_down.weight", 1e9f, "Q8_0")]
    [InlineData("blk.1.ffn_down.weight", 7e4f, "F16")]
    [InlineData("blk.1.ffn_down.weight", 1e9f, "BF16", false)]
    [InlineData("blk.1.ffn_down.weight", 7e4f, "Q8_0", false)]
    public void Quantize_WeightThatIsNoNumber_RefusedWhereLlamaQuantizeDoes(string tensor, float value, string recipe, bool isRefused = true)
    {
        using var folder = new TemporaryFolder();
        RandomLanguageModel.Write(folder.File("in.gguf"), LanguageShape.Tiny, QuantizationMix.Parse("F32"));
        var bytes = File.ReadAllBytes(folder.File("in.gguf"));
        using (var file = GgufFile.Open(folder.File("in.gguf")))
        {
            var first = file.Tensors.MinBy(static other => other.Address)!;
            var data = bytes.Length - (int)file.Tensors.Max(other => other.Address + (nint)other.ByteCount - first.Address);
            BitConverter.TryWriteBytes(bytes.AsSpan(data + (int)(file.GetTensor(tensor).Address - first.Address) + 8), value);
        }

        File.WriteAllBytes(folder.File("in.gguf"), bytes);
        void Quantize() => GgufQuantizer.Quantize(folder.File("in.gguf"), folder.File("out.gguf"), QuantizationMix.Parse(recipe), cancellationToken: TestContext.Current.CancellationToken);
        if (isRefused)
        {
            Assert.Contains($"tensor '{tensor}': has a weight that is not finite", Assert.Throws<GgufException>(Quantize).Message, StringComparison.Ordinal);
            Assert.Equal(["in.gguf"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
            return;
        }

        Quantize();
    }

    [Fact]
    public void Parse_NamesInAnyCase_AndUnknownNamesListed()
    {
        Assert.Equal("Q4_K_M", QuantizationMix.Parse("q4_k").Name);
        Assert.Equal("Q6_K", QuantizationMix.Parse("q6_K").Name);
        Assert.Contains("Q4_K_M", Assert.Throws<GgufException>(() => QuantizationMix.Parse("Q9")).Message, StringComparison.Ordinal);
    }
}
