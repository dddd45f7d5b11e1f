using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

public sealed class CpuVisionEncoderTests
{
    [Fact]
    public void Encode_Cancelled_ThrowsAndTheNextPictureIsRight()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, 64);
        RgbImage image = TestImages.Waves(80, 60);
        float[] before = encoder.Encode(image, CancellationToken.None).Values.ToArray();
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => encoder.Encode(TestImages.Waves(33, 44), cancelled.Token));
        Assert.Equal(before, encoder.Encode(image, CancellationToken.None).Values.ToArray());
    }

    [Fact]
    public void Encode_CancelledWhileRunning_StopsBetweenBlocks()
    {
        // Some seconds of work in 400 blocks.
        var shape = new TinyMmproj { ImageSize = 224, Width = 64, Blocks = 400, FeatureLayers = [400], Type = TensorType.F32 };
        using TemporaryFile path = shape.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, 64);
        using var source = new CancellationTokenSource();
        Task<ImageEmbedding> encoding = Task.Run(() => encoder.Encode(TestImages.Waves(224, 224), source.Token), TestContext.Current.CancellationToken);
        source.CancelAfter(TimeSpan.FromMilliseconds(20));
        Assert.ThrowsAny<OperationCanceledException>(() => encoding.GetAwaiter().GetResult());
    }

    [Fact]
    public async Task Encode_StepRuns_PausesAndIsTheSame()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, 64);
        RgbImage image = TestImages.Waves(80, 60);
        float[] undisturbed = encoder.Encode(image, CancellationToken.None).Values.ToArray();
        var turns = new ComputeTurns(TimeProvider.System);
        turns.BeginStep();
        Task<ImageEmbedding> encoding = Task.Run(() => encoder.Encode(image, turns, CancellationToken.None), TestContext.Current.CancellationToken);
        while (turns.PausedThreads == 0)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        while (!encoding.IsCompleted)
        {
            turns.EndStep(TimeSpan.FromMicroseconds(50));
            await Task.Yield();
            turns.BeginStep();
        }

        Assert.Equal(undisturbed, (await encoding).Values.ToArray());
        turns.EndStep(TimeSpan.Zero);
        Assert.False(turns.HasWork);
    }

    [Fact]
    public void GGUF9_NonFiniteWeights_EncodingFailsAndNothingElse()
    {
        var damage = new float[64];
        damage[5] = float.NaN;
        var shape = new TinyMmproj { Without = ["mm.2.bias"], Change = writer => writer.AddTensor("mm.2.bias", [64], damage) };
        using TemporaryFile path = shape.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, 64);
        InferenceException failure = Assert.Throws<InferenceException>(() => encoder.Encode(TestImages.Waves(56, 56), CancellationToken.None));
        Assert.Equal(InferenceError.EngineFailed, failure.Error);
    }

    [Fact]
    public void Encode_SeveralCallers_WaitForOneAnother()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, 64);
        RgbImage[] images = Enumerable.Range(0, 8).Select(i => TestImages.Waves(40 + i, 70 - i, (ulong)i)).ToArray();
        float[][] alone = images.Select(image => encoder.Encode(image, CancellationToken.None).Values.ToArray()).ToArray();
        Parallel.For(0, 64, i => Assert.Equal(alone[i % 8], encoder.Encode(images[i % 8], CancellationToken.None).Values.ToArray()));
    }

    [Fact]
    public void Encode_AfterTheFirst_AllocatesLittleMoreThanItsRows()
    {
        using TemporaryFile path = new TinyMmproj { ImageSize = 112 }.Write();
        using GgufFile file = GgufFile.Open(path.Path);
        using CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 1, 64);
        RgbImage image = TestImages.Waves(112, 112);
        encoder.Encode(image, CancellationToken.None);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImageEmbedding rows = encoder.Encode(image, CancellationToken.None);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, rows.Bytes, rows.Bytes + 1024);
    }

    [Fact]
    public void Encode_AfterDispose_Throws()
    {
        using TemporaryFile path = new TinyMmproj().Write();
        using GgufFile file = GgufFile.Open(path.Path);
        CpuVisionEncoder encoder = CpuVisionEncoder.Load(file, VisionProfile.Reference, 2, 64);
        encoder.Dispose();
        encoder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => encoder.Encode(TestImages.Waves(8, 8), CancellationToken.None));
    }
}
