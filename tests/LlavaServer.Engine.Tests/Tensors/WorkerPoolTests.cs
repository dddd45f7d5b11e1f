using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Tests.Tensors;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyRuns_EveryPartOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int run = 0; run < 2000; run++)
        {
            int parts = run % 17;
            int[] hits = new int[parts];
            pool.Run(new CountJob(hits, threads), parts);
            Assert.All(hits, hit => Assert.Equal(1, hit));
        }
    }

    [Fact]
    public void Run_AfterWorkersParked_Completes()
    {
        using var pool = new WorkerPool(3);
        for (int run = 0; run < 20; run++)
        {
            Thread.Sleep(2);
            int[] hits = new int[64];
            pool.Run(new CountJob(hits, 3), hits.Length);
            Assert.Equal(64, hits.Sum());
        }
    }

    [Fact]
    public void Run_PartThrows_ExceptionSurfacesAndPoolGoesOn()
    {
        using var pool = new WorkerPool(2);
        for (int run = 0; run < 50; run++)
        {
            int[] hits = new int[8];
            InvalidDataException exception = Assert.Throws<InvalidDataException>(() => pool.Run(new ThrowJob(hits), 8));
            Assert.Equal("part 5", exception.Message);
            Assert.Equal(7, hits.Sum());
        }
    }

    [Fact]
    public void Run_SteadyState_AllocatesNothing()
    {
        using var pool = new WorkerPool(2);
        int[] hits = new int[8];
        for (int run = 0; run < 200; run++)
        {
            pool.Run(new CountJob(hits, 2), 8);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int run = 0; run < 1000; run++)
        {
            pool.Run(new CountJob(hits, 2), 8);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private readonly struct CountJob(int[] hits, int threads) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(worker, threads);
            Interlocked.Increment(ref hits[part]);
        }
    }

    private readonly struct ThrowJob(int[] hits) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            if (part == 5)
            {
                throw new InvalidDataException("part 5");
            }

            hits[part]++;
        }
    }
}
