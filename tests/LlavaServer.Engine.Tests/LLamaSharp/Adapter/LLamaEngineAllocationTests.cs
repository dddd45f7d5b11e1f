using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

public sealed class LLamaEngineAllocationTests
{
    [Fact]
    public void Decode_StepOfSeveralSequences_AllocatesNothing()
    {
        using var engine = LLamaModelFiles.Open(new EngineLoadOptions { SequenceCount = 4, ContextLength = 64, MaxBatchRows = 48, Threads = 2 }, seed: 7);
        var batch = new Batch(4);
        var checksum = 0f;
        var position = 0;
        Step();
        Step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            Step();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotEqual(0, checksum);

        void Step()
        {
            batch.Clear();
            for (var sequence = 0; sequence < 4; sequence++)
            {
                batch.AddToken(new SequenceId(sequence), position, 300 + sequence, true);
            }

            position++;
            if (engine.Decode(batch) == DecodeStatus.Done)
            {
                checksum += engine.Logits(3)[0];
            }
        }
    }
}
