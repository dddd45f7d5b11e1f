using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Tests.Gguf;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Import;

/// <summary>The public LLaVA-1.5 checkpoint by its own names, shapes and configuration, in its full size, but for the weights.</summary>
public sealed class RealCheckpointTests
{
    [Fact]
    public void Prepare_LlavaHfInFullSize_EveryTensorHasItsPlace()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Files of 14 GB with holes are made on Linux only.");
        using var folder = new TemporaryFolder();
        RealCheckpoint.WriteHollow(folder.Path);
        using var model = HuggingFaceImporter.Prepare(
            CheckpointFiles.Of(folder.Path), QuantizationMix.Parse("F16"), "llava-1.5-7b-hf", advanced: null, TestContext.Current.CancellationToken);

        Assert.Equal(14_126_854_144, model.SourceBytes);
        Assert.Equal(Bytes(static name => name.StartsWith("language_model", StringComparison.Ordinal)), model.Language.TensorBytes);

        // The last block and the norm behind it are not needed for the features of the second last.
        Assert.Equal(
            Bytes(static name => !name.StartsWith("language_model", StringComparison.Ordinal) && !name.Contains("post_layernorm", StringComparison.Ordinal) && !name.Contains(".layers.23.", StringComparison.Ordinal)),
            model.Vision!.TensorBytes);
    }

    // Matrices in F16, vectors and positions in F32.
    private static long Bytes(Predicate<string> belongs) => RealCheckpoint.Tensors.Where(tensor => belongs(tensor.Name)).Sum(static tensor =>
        (tensor.Shape.Length == 1 || tensor.Name.Contains("position_embedding", StringComparison.Ordinal) ? 4 : 2)
        * tensor.Shape.Aggregate(1L, static (product, length) => product * length));
}
