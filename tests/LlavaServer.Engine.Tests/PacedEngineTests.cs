using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests;

/// <summary>Long work of an engine beside steps of another model.</summary>
public sealed class PacedEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llava-paced").FullName;
    private readonly string _path;

    public PacedEngineTests()
    {
        _path = Path.Combine(_folder, "model.gguf");
        RandomLanguageModel.Write(_path, LanguageShape.Tiny, QuantizationMix.Parse("Q4_0"), seed: 3, pure: true);
    }

    [Fact]
    public async Task Load_StepOfAnotherModelRuns_GivesWay()
    {
        var turns = new ComputeTurns(TimeProvider.System);
        turns.BeginStep();
        Task<IInferenceEngine> loading = Task.Run(
            () => new CpuEngineFactory().Load(new ModelFiles(_path, null), new EngineLoadOptions { Turns = turns, Threads = 2 }, null, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await UntilPausedAsync(turns);

        Assert.False(loading.IsCompleted);
        turns.EndStep(TimeSpan.FromMinutes(1));
        using IInferenceEngine engine = await loading;
        Assert.False(turns.HasWork);
    }

    [Fact]
    public async Task Decode_BatchGivesWay_PausesDuringTheStepOfAnotherModel()
    {
        var turns = new ComputeTurns(TimeProvider.System);
        var options = new EngineLoadOptions { SequenceCount = 2, ContextLength = 64, MaxBatchRows = 4, Threads = 2, Turns = turns };
        using IInferenceEngine engine = new CpuEngineFactory().Load(new ModelFiles(_path, null), options, null, CancellationToken.None);
        float[] Logits(SequenceId sequence, bool givesWay)
        {
            var batch = new Batch(4) { GivesWay = givesWay };
            batch.AddToken(sequence, 0, 1, wantsLogits: false);
            int row = batch.AddToken(sequence, 1, 2, wantsLogits: true);
            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
            return engine.Logits(row).ToArray();
        }

        turns.BeginStep();
        float[] undisturbed = Logits(new SequenceId(0), givesWay: false);
        Task<float[]> step = Task.Run(() => Logits(new SequenceId(1), givesWay: true), TestContext.Current.CancellationToken);
        await UntilPausedAsync(turns);

        Assert.False(step.IsCompleted);
        turns.EndStep(TimeSpan.FromMinutes(1));
        Assert.Equal(undisturbed, await step);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task UntilPausedAsync(ComputeTurns turns)
    {
        while (turns.PausedThreads == 0)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
