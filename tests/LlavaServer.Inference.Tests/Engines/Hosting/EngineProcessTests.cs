using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>The seam over a connection: same calls, same outcomes, as with the engine itself.</summary>
public sealed class EngineProcessTests : IDisposable
{
    private static readonly ModelFiles Files = new("model.gguf", "mmproj.gguf");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Batch _batch = new(64);
    private readonly QuietEngine _quiet = new();

    [Fact]
    public void Decode_TokensAndImageRows_ReachTheEngine()
    {
        using var engine = Open();
        var image = new ImageEmbedding([.. Enumerable.Range(0, 3 * QuietEngine.Width).Select(i => (float)i)], 3, QuietEngine.Width);
        _batch.AddToken(new SequenceId(1), 0, 5, false);
        _batch.AddImageRow(new SequenceId(1), 1, image, 2, true);
        _batch.AddToken(new SequenceId(3), 0, 7, true);
        Assert.Equal(DecodeStatus.Done, engine.Decode(_batch));
        Assert.Equal(5 + 16, engine.Logits(1)[0]);
        Assert.Equal(1, engine.Logits(1)[1]);
        Assert.Equal(7, engine.Logits(2)[0]);
        Assert.Throws<ArgumentException>(() => { _ = engine.Logits(0).Length; });
        Assert.Throws<ArgumentException>(() => { _ = engine.Logits(3).Length; });
    }

    [Fact]
    public void Decode_BatchesOfGrowingSize_EveryLogitArrives()
    {
        using var engine = Open();
        var position = 0;
        for (var rows = 1; rows <= 64; rows++)
        {
            _batch.Clear();
            for (var i = 0; i < rows; i++)
            {
                _batch.AddToken(new SequenceId(0), position++, 1, true);
            }

            Assert.Equal(DecodeStatus.Done, engine.Decode(_batch));
            for (var i = 0; i < rows; i++)
            {
                Assert.Equal(position - rows + i + 1, engine.Logits(i)[0]);
            }
        }
    }

    [Fact]
    public void CopyAndRemove_ManyBeforeAStep_AllInOrder()
    {
        using var engine = Open();
        Feed(engine, 0, 0, 3);
        for (var i = 0; i < 5000; i++)
        {
            engine.CopySequence(new SequenceId(0), new SequenceId(1 + (i % 3)), 1);
            engine.RemoveSequence(new SequenceId(1 + (i % 3)), 0);
        }

        engine.CopySequence(new SequenceId(0), new SequenceId(2), 1);
        Assert.Equal(7, Feed(engine, 2, 1, 4));
        Assert.Equal(6, Feed(engine, 1, 0, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.CopySequence(new SequenceId(0), new SequenceId(2), 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.RemoveSequence(new SequenceId(QuietEngine.Sequences), 0));
    }

    [Fact]
    public void Decode_EngineRefuses_ArgumentExceptionAndGoesOn()
    {
        using var engine = Open();
        var refusal = Assert.Throws<ArgumentException>(() => Feed(engine, 0, 5, 1));
        Assert.Contains("position 5 of sequence 0", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(9, Feed(engine, 0, 0, 9));
    }

    [Fact]
    public void Decode_EngineFails_SameSentence()
    {
        using var engine = Open();
        _quiet.OnDecode = _ => throw new InferenceException(InferenceError.EngineFailed, "The engine failed during a step.");
        var failure = Assert.Throws<InferenceException>(() => Feed(engine, 0, 0, 1));
        Assert.Equal((InferenceError.EngineFailed, "The engine failed during a step."), (failure.Error, failure.Message));
    }

    [Fact]
    public void SCH17_Decode_NotEnoughMemoryInTheChild_IsSaidAsSuch()
    {
        using var engine = Open();
        _quiet.OnDecode = static _ => throw new InsufficientMemoryException();
        Assert.Equal(InferenceError.OutOfMemory, Assert.Throws<InferenceException>(() => Feed(engine, 0, 0, 1)).Error);
    }

    [Fact]
    public void Decode_ManySteps_AllocateNothingOnEitherSide()
    {
        using var engine = Open();
        var position = 0;
        void Step()
        {
            engine.RemoveSequence(new SequenceId(1), 0);
            engine.CopySequence(new SequenceId(0), new SequenceId(1), 0);
            _batch.Clear();
            for (var i = 0; i < 8; i++)
            {
                _batch.AddToken(new SequenceId(0), position++, 1, i > 3);
            }

            engine.Decode(_batch);
        }

        for (var i = 0; i < 200; i++)
        {
            Step();
        }

        // Other tests allocate in this process too: one quiet window is enough, and a step that allocates leaves none.
        var fewest = long.MaxValue;
        for (var window = 0; window < 200 && fewest > 0; window++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < 20; i++)
            {
                Step();
            }

            fewest = Math.Min(fewest, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, fewest);
    }

    [Fact]
    public void Decode_ProcessGone_EngineFailedWithItsLastWords()
    {
        ScriptedChild? child = null;
        using var engine = ScriptedChild.Hosting(_quiet, started => child = started).Load(Files, QuietEngine.Options, null, CancellationToken.None);
        child!.Kill();
        var failure = Assert.Throws<InferenceException>(() => Feed(engine, 0, 0, 1));
        Assert.Equal(InferenceError.EngineFailed, failure.Error);
        Assert.True(failure.EngineDied);
        Assert.Equal("The engine process ended (scripted).", failure.Message);
        Assert.Equal(failure.Message, Assert.Throws<InferenceException>(() => Encode(engine, CancellationToken.None)).Message);
    }

    [Fact]
    public void Dispose_EndsTheChildAndItsEngine()
    {
        ScriptedChild? child = null;
        var engine = ScriptedChild.Hosting(_quiet, started => child = started).Load(Files, QuietEngine.Options, null, CancellationToken.None);
        engine.Dispose();
        engine.Dispose();
        child!.Join();
        Assert.True(_quiet.IsDisposed);
        Assert.Null(child.Failure);
        Assert.Throws<ObjectDisposedException>(() => Feed(engine, 0, 0, 1));
    }

    [Fact]
    public void Load_Progress_ArrivesInOrder()
    {
        var seen = new List<double>();
        _quiet.OnLoad = progress =>
        {
            progress!.Report(0.25);
            progress.Report(0.2501);
            progress.Report(1);
        };
        using var engine = ScriptedChild.Hosting(_quiet).Load(Files, QuietEngine.Options, new Recorder(seen), CancellationToken.None);
        Assert.Equal([0.25, 1], seen);
        Assert.Equal(_quiet.Info, engine.Info);
    }

    [Fact]
    public void Load_FailsInTheChild_SameErrorAndSentence()
    {
        _quiet.OnLoad = _ => throw new InferenceException(InferenceError.ModelLoadFailed, "key llama.block_count is missing", new IOException());
        var failure = Assert.Throws<InferenceException>(() => Open());
        Assert.Equal((InferenceError.ModelLoadFailed, "key llama.block_count is missing"), (failure.Error, failure.Message));
        Assert.IsType<IOException>(failure.InnerException);
    }

    [Fact]
    public void SCH17_Load_NotEnoughMemoryInTheChild_IsSaidAsSuch()
    {
        _quiet.OnLoad = static _ => throw new InsufficientMemoryException();
        Assert.Equal(InferenceError.OutOfMemory, Assert.Throws<InferenceException>(() => Open()).Error);
    }

    [Fact]
    public async Task Load_Cancelled_KillsTheChild()
    {
        using var loading = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        _quiet.OnLoad = _ =>
        {
            loading.Set();
            release.Wait();
        };
        ScriptedChild? child = null;
        var load = Beside(() => ScriptedChild.Hosting(_quiet, started => child = started).Load(Files, QuietEngine.Options, null, cancellation.Token));
        Assert.True(loading.Wait(Limit, TestContext.Current.CancellationToken));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        Assert.True(child!.IsKilled);
        release.Set();
        child.Join();
    }

    [Fact]
    public async Task Encode_BesideAStep_BothAnswer()
    {
        using var engine = Open();
        using var encoding = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        _quiet.OnEncode = (_, token) =>
        {
            encoding.Set();
            release.Wait(token);
            return 2;
        };
        var picture = Beside(() => Encode(engine, CancellationToken.None));
        Assert.True(encoding.Wait(Limit, TestContext.Current.CancellationToken));
        Assert.Equal(3, Feed(engine, 0, 0, 3));
        release.Set();
        var embedding = await picture;
        Assert.Equal((4, QuietEngine.Width, 11f), (embedding.RowCount, embedding.Width, embedding.Values[0]));
    }

    [Fact]
    public async Task Encode_Cancelled_StopsTheChildAndTheNextWorks()
    {
        using var engine = Open();
        using var cancellation = new CancellationTokenSource();
        using var encoding = new ManualResetEventSlim();
        _quiet.OnEncode = (_, token) =>
        {
            encoding.Set();
            Assert.True(token.WaitHandle.WaitOne(Limit));
            return 0;
        };
        var picture = Beside(() => Encode(engine, cancellation.Token));
        Assert.True(encoding.Wait(Limit, TestContext.Current.CancellationToken));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => picture);
        _quiet.OnEncode = (_, _) => 5;
        Assert.Equal(14, Encode(engine, CancellationToken.None).Values[0]);
    }

    [Fact]
    public void Encode_Fails_OnlyThePictureFails()
    {
        using var engine = Open();
        _quiet.OnEncode = (_, _) => throw new InferenceException(InferenceError.InvalidImage, "The picture is not usable.");
        var failure = Assert.Throws<InferenceException>(() => Encode(engine, CancellationToken.None));
        Assert.Equal((InferenceError.InvalidImage, false), (failure.Error, failure.EngineDied));
        Assert.Equal(3, Feed(engine, 0, 0, 3));
    }

    [Fact]
    public async Task Encode_StepsOfAnyEngine_PauseTheChild()
    {
        using var engine = Open();
        var turns = new ComputeTurns(TimeProvider.System);
        var progress = 0;
        using var finish = new CancellationTokenSource();
        _quiet.OnEncode = (childTurns, _) =>
        {
            childTurns.Enter();
            while (!finish.IsCancellationRequested)
            {
                childTurns.Yield(CancellationToken.None);
                Interlocked.Increment(ref progress);
                Thread.Sleep(1);
            }

            childTurns.Leave();
            return 1;
        };
        var picture = Beside(() => engine.Vision!.Encode(Picture(), turns, CancellationToken.None));
        Assert.True(SpinWait.SpinUntil(() => turns.HasWork && Volatile.Read(ref progress) > 0, Limit));
        turns.BeginStep();
        Assert.True(SpinWait.SpinUntil(() => turns.PausedThreads == 1, Limit));
        var paused = Volatile.Read(ref progress);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal(paused, Volatile.Read(ref progress));
        turns.EndStep(TimeSpan.FromMilliseconds(5));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref progress) > paused, Limit));
        await finish.CancelAsync();
        Assert.Equal(10, (await picture).Values[0]);
        Assert.False(turns.HasWork);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Decode_PromptsThatGiveWay_PauseForStepsOfOtherModelsAlsoBesideAPicture(bool encodesToo)
    {
        var turns = new ComputeTurns(TimeProvider.System);
        using var engine = ScriptedChild.Hosting(_quiet).Load(Files, QuietEngine.Options with { Turns = turns }, null, CancellationToken.None);
        var progress = 0;
        using var finish = new CancellationTokenSource();
        void Work()
        {
            _quiet.Turns!.Enter();
            while (!finish.IsCancellationRequested)
            {
                _quiet.Turns.Yield(CancellationToken.None);
                Interlocked.Increment(ref progress);
                Thread.Sleep(1);
            }

            _quiet.Turns.Leave();
        }

        _quiet.OnDecode = batch =>
        {
            Assert.True(batch.GivesWay);
            Work();
        };
        _quiet.OnEncode = (_, _) =>
        {
            Work();
            return 1;
        };
        _batch.Clear();
        _batch.AddToken(new SequenceId(0), 0, 3, true);
        _batch.GivesWay = true;
        var step = Beside(() => engine.Decode(_batch));
        var picture = encodesToo ? Beside(() => engine.Vision!.Encode(Picture(), turns, CancellationToken.None)) : null;
        Assert.True(SpinWait.SpinUntil(() => turns.HasWork && Volatile.Read(ref progress) > 0, Limit));
        for (var round = 0; round < 3; round++)
        {
            turns.BeginStep();
            Assert.True(SpinWait.SpinUntil(() => turns.PausedThreads == (encodesToo ? 2 : 1), Limit));
            var paused = Volatile.Read(ref progress);
            await Task.Delay(20, TestContext.Current.CancellationToken);
            Assert.Equal(paused, Volatile.Read(ref progress));
            turns.EndStep(TimeSpan.FromMilliseconds(5));
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref progress) > paused, Limit));
        }

        await finish.CancelAsync();
        Assert.Equal(DecodeStatus.Done, await step);
        Assert.Equal(3, engine.Logits(0)[0]);
        Assert.Equal(4, picture is null ? 4 : (await picture).RowCount);
        _quiet.OnDecode = static batch => Assert.False(batch.GivesWay);
        Assert.Equal(9, Feed(engine, 1, 0, 9));
        Assert.False(turns.HasWork);
    }

    [Fact]
    public async Task SCH14_StepHangs_EndedFromAnotherThreadItFailsWithTheReason()
    {
        using var engine = Open();
        using var hanging = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        _quiet.OnDecode = _ =>
        {
            hanging.Set();
            release.Wait();
        };
        var step = Beside(() => Feed(engine, 0, 0, 1));
        Assert.True(hanging.Wait(Limit, TestContext.Current.CancellationToken));
        Assert.True(engine.TryEnd("It hangs."));
        var failure = await Assert.ThrowsAsync<InferenceException>(() => step);
        Assert.Equal(("It hangs. The engine process ended (scripted).", true), (failure.Message, failure.EngineDied));
        release.Set();
    }

    public void Dispose() => _quiet.Dispose();

    private static Task<T> Beside<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static RgbImage Picture() => new(2, 1, [1, 2, 3, 4, 5, 9]);

    private static ImageEmbedding Encode(IInferenceEngine engine, CancellationToken token) =>
        engine.Vision!.Encode(Picture(), new ComputeTurns(TimeProvider.System), token);

    private IInferenceEngine Open() => ScriptedChild.Hosting(_quiet).Load(Files, QuietEngine.Options, null, CancellationToken.None);

    private float Feed(IInferenceEngine engine, int sequence, int position, int token)
    {
        _batch.Clear();
        _batch.AddToken(new SequenceId(sequence), position, token, true);
        Assert.Equal(DecodeStatus.Done, engine.Decode(_batch));
        return engine.Logits(0)[0];
    }

    private sealed class Recorder(List<double> seen) : IProgress<double>
    {
        public void Report(double value) => seen.Add(value);
    }
}
