using LlavaServer.Inference.Engines;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Engines;

/// <summary>Time stands still unless a test moves it, so a step never loses patience and a slice never ends by itself.</summary>
public sealed class ComputeTurnsTests
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);
    private readonly FakeTimeProvider _time = new();
    private readonly ComputeTurns _turns;

    public ComputeTurnsTests() => _turns = new ComputeTurns(_time);

    [Fact]
    public void BeginStep_NoLongWork_DoesNotWait()
    {
        for (var i = 0; i < 3; i++)
        {
            _turns.BeginStep();
            _turns.EndStep(Slice);
        }

        Assert.False(_turns.HasWork);
    }

    [Fact]
    public async Task Yield_NobodyIsAnswered_DoesNotPause()
    {
        await RunAsync(() =>
        {
            _turns.Enter();
            Assert.True(_turns.HasWork);
            _turns.Yield(CancellationToken.None);
            _turns.Leave();
        });
        Assert.False(_turns.HasWork);
    }

    [Fact]
    public async Task Yield_StepRuns_PausesUntilItEnds()
    {
        _turns.BeginStep();
        var work = RunAsync(() => Work(1));
        await UntilAsync(() => _turns.PausedThreads == 1);
        Assert.False(work.IsCompleted);
        _turns.EndStep(Slice);
        await work;
        Assert.Equal(0, _turns.PausedThreads);
    }

    [Fact]
    public async Task BeginStep_SliceIsNotOver_WaitsUntilWorkPauses()
    {
        using var stop = new CancellationTokenSource();
        _turns.BeginStep();
        var work = RunAsync(() => WorkUntil(stop.Token));
        await UntilAsync(() => _turns.PausedThreads == 1);
        _turns.EndStep(Slice);
        var step = RunAsync(_turns.BeginStep);
        await UntilAsync(() => _turns.WaitingSteps == 1);
        _time.Advance(Slice - TimeSpan.FromTicks(1));
        Assert.Equal((1, 0), (_turns.WaitingSteps, _turns.PausedThreads));
        _time.Advance(TimeSpan.FromTicks(1));
        await step;
        Assert.Equal(1, _turns.PausedThreads);
        await stop.CancelAsync();
        await work;
        _turns.EndStep(Slice);
    }

    [Fact]
    public async Task BeginStep_WorkEndsInItsSlice_DoesNotWaitForTheSlice()
    {
        using var goOn = new ManualResetEventSlim();
        _turns.BeginStep();
        var work = RunAsync(() =>
        {
            _turns.Enter();
            _turns.Yield(CancellationToken.None);
            goOn.Wait();
            _turns.Leave();
        });
        await UntilAsync(() => _turns.PausedThreads == 1);
        _turns.EndStep(Slice);
        var step = RunAsync(_turns.BeginStep);
        await UntilAsync(() => _turns.WaitingSteps == 1);
        goOn.Set();
        await step;
        await work;
        _turns.EndStep(Slice);
    }

    [Fact]
    public async Task BeginStep_WorkDoesNotGiveWay_BeginsAfterAWhile()
    {
        using var goOn = new ManualResetEventSlim();
        var work = RunAsync(() =>
        {
            _turns.Enter();
            goOn.Wait();
            _turns.Leave();
        });
        await UntilAsync(() => _turns.HasWork);
        var step = RunAsync(_turns.BeginStep);
        await UntilAsync(() => _turns.WaitingSteps == 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        await step;
        _turns.EndStep(Slice);
        goOn.Set();
        await work;
    }

    [Fact]
    public async Task Yield_CancelledWhilePaused_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        _turns.BeginStep();
        var work = RunAsync(() =>
        {
            _turns.Enter();
            try
            {
                _turns.Yield(cancelled.Token);
            }
            finally
            {
                _turns.Leave();
            }
        });
        await UntilAsync(() => _turns.PausedThreads == 1);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.False(_turns.HasWork);
        _turns.EndStep(Slice);
    }

    [Fact]
    public async Task BeginStep_AnotherModelsStepRuns_RunsBesideIt()
    {
        _turns.BeginStep();
        var work = RunAsync(() => Work(1));
        await UntilAsync(() => _turns.PausedThreads == 1);
        await RunAsync(_turns.BeginStep);
        _turns.EndStep(Slice);
        Assert.Equal(1, _turns.PausedThreads);
        _turns.EndStep(Slice);
        await work;
    }

    [Fact]
    public async Task BeginStep_StepsOfTwoModelsOverlapForever_WorkGetsItsTurn()
    {
        _turns.BeginStep();
        var work = RunAsync(() => Work(1));
        await UntilAsync(() => _turns.PausedThreads == 1);
        _turns.BeginStep();
        _turns.EndStep(Slice);
        var next = RunAsync(_turns.BeginStep);
        await UntilAsync(() => _turns.WaitingSteps == 1);
        Assert.False(work.IsCompleted);
        _turns.EndStep(Slice);
        await work;
        await next;
        _turns.EndStep(Slice);
    }

    [Fact]
    public void Enter_DuringAStepThatWaitedForNobody_FindsNoRestOfAnEarlierSlice()
    {
        _turns.BeginStep();
        _turns.EndStep(Slice);
        _turns.BeginStep();
        _turns.Enter();
        Assert.True(_turns.MustPause);
        _turns.Leave();
        _turns.EndStep(Slice);
    }

    [Fact]
    public async Task Turns_ManyThreads_NeverWorkDuringAStep()
    {
        var turns = new ComputeTurns(new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromTicks(1) });
        var steps = 0;
        var overlaps = 0;
        var done = 0;
        var works = Enumerable.Range(0, 4).Select(_ => RunAsync(() =>
        {
            for (var job = 0; job < 20; job++)
            {
                turns.Enter();
                for (var part = 0; part < 50; part++)
                {
                    turns.Yield(CancellationToken.None);
                    overlaps += Volatile.Read(ref steps);
                    Thread.SpinWait(100);
                    overlaps += Volatile.Read(ref steps);
                }

                turns.Leave();
            }

            Interlocked.Increment(ref done);
        })).ToArray();
        var models = Enumerable.Range(0, 2).Select(_ => RunAsync(() =>
        {
            while (Volatile.Read(ref done) < works.Length)
            {
                turns.BeginStep();
                Interlocked.Increment(ref steps);
                Thread.SpinWait(200);
                Interlocked.Decrement(ref steps);
                turns.EndStep(TimeSpan.FromTicks(500));
            }
        })).ToArray();
        await Task.WhenAll([.. works, .. models]).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(0, overlaps);
        Assert.False(turns.HasWork);
    }

    private void Work(int parts)
    {
        _turns.Enter();
        for (var i = 0; i < parts; i++)
        {
            _turns.Yield(CancellationToken.None);
        }

        _turns.Leave();
    }

    private void WorkUntil(CancellationToken stop)
    {
        _turns.Enter();
        try
        {
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                _turns.Yield(stop);
            }
        }
        catch (OperationCanceledException)
        {
            _turns.Leave();
        }
    }

    private static Task RunAsync(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
