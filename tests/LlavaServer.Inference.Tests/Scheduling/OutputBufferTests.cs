using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

[Collection(nameof(AloneCollection))]
public sealed class OutputBufferTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_ReaderIsLate_EveryTokenIsItsOwnUpdate()
    {
        var buffer = new OutputBuffer(() => Assert.Fail("was never full"));
        string[] tokens = ["A", " red", "", " circle", new('x', 1000), "."];
        foreach (var token in tokens)
        {
            buffer.Write(token);
        }

        buffer.Complete(new GenerationUpdate { FinishReason = FinishReason.Stop });
        foreach (var token in tokens.Where(t => t.Length > 0))
        {
            var update = await buffer.ReadAsync(Token);
            Assert.Equal((token, null), (update.Text, update.FinishReason));
        }

        var last = await buffer.ReadAsync(Token);
        Assert.Equal(("", FinishReason.Stop), (last.Text, last.FinishReason));
    }

    [Fact]
    public async Task ReadAsync_Failure_ComesAfterTheTextBeforeIt()
    {
        var buffer = new OutputBuffer(() => { });
        buffer.Write("a");
        buffer.Write("b");
        buffer.Fail(new InferenceException(InferenceError.EngineFailed, "gone"));
        Assert.Equal("a", (await buffer.ReadAsync(Token)).Text);
        Assert.Equal("b", (await buffer.ReadAsync(Token)).Text);
        Assert.Equal("gone", (await Assert.ThrowsAsync<InferenceException>(() => buffer.ReadAsync(Token).AsTask())).Message);
    }

    [Fact]
    public async Task SCH9_FullBuffer_IsFullUntilHalfOfItWasRead()
    {
        var drained = 0;
        var buffer = new OutputBuffer(() => drained++);
        for (var i = 0; i < OutputBuffer.Capacity / 8; i++)
        {
            Assert.False(buffer.IsFull);
            buffer.Write("12345678");
        }

        Assert.True(buffer.IsFull);
        for (var i = 0; i < OutputBuffer.Capacity / 16; i++)
        {
            Assert.Equal((true, 0), (buffer.IsFull, drained));
            Assert.Equal("12345678", (await buffer.ReadAsync(Token)).Text);
        }

        Assert.Equal((false, 1), (buffer.IsFull, drained));
    }

    [Fact]
    public void SCH9_FiftyReadersThatStop_HoldAtMost8MiB()
    {
        // The process has other threads, which take and give memory meanwhile.
        long[] held = [.. Enumerable.Range(0, 7).Select(static _ => HeldByFullBuffers(50)).Order()];
        TestContext.Current.SendDiagnosticMessage($"bytes held by 50 full buffers: {string.Join(' ', held)}");
        Assert.InRange(held[held.Length / 2], 50 * OutputBuffer.Capacity, 8 << 20);
    }

    private static long HeldByFullBuffers(int count)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var buffers = Enumerable.Range(0, count).Select(static _ => new OutputBuffer(static () => { })).ToArray();
        foreach (var buffer in buffers)
        {
            while (!buffer.IsFull)
            {
                buffer.Write("token");
            }
        }

        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(buffers);
        return held;
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public async Task ReadAsync_RandomPieces_ComeAsTheyWereWritten(uint seed)
    {
        var random = new MersenneTwister(seed);
        var buffer = new OutputBuffer(() => { });
        var waiting = new Queue<string>();
        for (var i = 0; i < 20_000; i++)
        {
            if (waiting.Count == 0 || (random.NextUInt32() % 100 < 52 && !buffer.IsFull))
            {
                var piece = new string((char)('a' + (i % 26)), 1 + (int)(random.NextUInt32() % 40));
                buffer.Write(piece);
                waiting.Enqueue(piece);
            }
            else
            {
                Assert.Equal(waiting.Dequeue(), (await buffer.ReadAsync(Token)).Text);
            }
        }
    }

    [Fact]
    public async Task Write_BufferThatIsReadAsFast_AllocatesNothing()
    {
        var buffer = new OutputBuffer(() => { });
        var allocated = 0L;
        for (var i = 0; i < 3_000; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            buffer.Write("token");
            allocated += i < 1_000 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal("token", (await buffer.ReadAsync(Token)).Text);
        }

        Assert.Equal(0, allocated);
    }
}
