using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.Tensors;

public sealed class PacedWorkTests
{
    private static readonly TimeSpan LongSlice = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Run_Paced_PausesDuringAStepAndDoesEveryPartOnce(int threads)
    {
        var turns = new ComputeTurns(TimeProvider.System);
        using var pool = new WorkerPool(threads);
        int[] hits = new int[50];
        turns.BeginStep();
        Task work = StartAsync(pool, turns, hits, CancellationToken.None);
        await UntilAsync(() => turns.PausedThreads == threads);
        Assert.All(hits, hit => Assert.Equal(0, hit));
        turns.EndStep(LongSlice);
        await work;
        Assert.All(hits, hit => Assert.Equal(1, hit));
        Assert.False(turns.HasWork);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Run_PacedAndCancelledWhilePaused_LeavesTheRest(int threads)
    {
        var turns = new ComputeTurns(TimeProvider.System);
        using var pool = new WorkerPool(threads);
        using var cancelled = new CancellationTokenSource();
        int[] hits = new int[50];
        turns.BeginStep();
        Task work = StartAsync(pool, turns, hits, cancelled.Token);
        await UntilAsync(() => turns.PausedThreads == threads);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.All(hits, hit => Assert.Equal(0, hit));
        Assert.False(turns.HasWork);
        turns.EndStep(LongSlice);

        pool.Run(new CountJob(hits), hits.Length);
        Assert.All(hits, hit => Assert.Equal(1, hit));
    }

    [Fact]
    public async Task Run_PacedBesideManySteps_DoesEveryPartOnce()
    {
        var turns = new ComputeTurns(TimeProvider.System);
        using var pool = new WorkerPool(3);
        int[] hits = new int[40];
        using var done = new ManualResetEventSlim();
        Task steps = Task.Factory.StartNew(
            () =>
            {
                while (!done.IsSet)
                {
                    turns.BeginStep();
                    Thread.SpinWait(100);
                    turns.EndStep(TimeSpan.FromMicroseconds(20));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        for (int run = 0; run < 50; run++)
        {
            using PacedWork work = pool.Pace(turns, CancellationToken.None);
            pool.Run(new CountJob(hits), hits.Length);
        }

        done.Set();
        await steps;
        Assert.All(hits, hit => Assert.Equal(50, hit));
        Assert.False(turns.HasWork);
    }

    private static Task StartAsync(WorkerPool pool, ComputeTurns turns, int[] hits, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            using PacedWork work = pool.Pace(turns, cancellationToken);
            pool.Run(new CountJob(hits), hits.Length);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private readonly struct CountJob(int[] hits) : IWorkerJob
    {
        public void Execute(int part, int worker) => Interlocked.Increment(ref hits[part]);
    }
}
