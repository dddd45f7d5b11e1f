using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Clients that leave: in every phase slot and queue place are free at the next step, and nobody else notices.</summary>
public sealed class CancellationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SCH1_LeavesWhileDecoding_SlotIsFree(bool byDisposing)
    {
        await using var host = new InferenceHost();
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        host.Factory.OnDecode = _ => Thread.Sleep(1);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var generation = await host.Generator.StartAsync(InferenceHost.Ask("Go on", TestImages.Png(2, 2, SKColors.Red)), left.Token);
        await using (var updates = generation.ReadAllAsync(left.Token).GetAsyncEnumerator(Token))
        {
            Assert.True(await updates.MoveNextAsync());
            if (byDisposing)
            {
                await generation.DisposeAsync();
            }
            else
            {
                await left.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                {
                    while (await updates.MoveNextAsync())
                    {
                    }
                });
            }
        }

        await host.AssertIdleAsync();
        var steps = host.Factory.Steps;
        await Task.Delay(50, Token);
        Assert.Equal(steps, host.Factory.Steps);
    }

    [Fact]
    public async Task SCH1_LeavesWhileAPictureIsEncoded_EncodingStopsAndTheSlotIsFree()
    {
        await using var host = new InferenceHost();
        using var inside = new SemaphoreSlim(0);
        host.Factory.Vision!.OnEncode = token =>
        {
            inside.Release();
            token.WaitHandle.WaitOne();
        };
        using var left = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), left.Token);
        await inside.WaitAsync(Token);
        await left.CancelAsync();
        await generation.DisposeAsync();
        await host.AssertIdleAsync();

        host.Factory.Vision.OnEncode = _ => { };
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), Token);
        Assert.StartsWith("re ", text, StringComparison.Ordinal);
        Assert.Equal(2, host.Factory.Vision.Encodes);
    }

    [Fact]
    public async Task SCH1_LeavesWhilePrefilling_CostsAtMostTheStepThatRuns()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.StepRows = 16);
        using var inside = new SemaphoreSlim(0);
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ =>
        {
            inside.Release();
            gate.Wait(host.Closing);
        };
        for (var steps = 1; steps < 12; steps++)
        {
            var before = host.Factory.Steps;
            var generation = await host.Generator.StartAsync(InferenceHost.Ask($"{steps} {new string('p', 300)}"), Token);
            for (var i = 1; i < steps; i++)
            {
                await inside.WaitAsync(Token);
                gate.Release();
            }

            await inside.WaitAsync(Token);
            await generation.DisposeAsync();
            gate.Release();
            await host.AssertIdleAsync();
            Assert.Equal(before + steps, host.Factory.Steps);
        }
    }

    [Fact]
    public async Task SCH2_OneOfTwoLeavesWhileTheirPictureIsEncoded_TheOtherGetsIt()
    {
        await using var host = new InferenceHost();
        using var inside = new SemaphoreSlim(0);
        using var gate = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = token =>
        {
            inside.Release();
            gate.Wait(token);
        };
        var picture = TestImages.Png(2, 2, SKColors.Red);
        var leaving = await host.Generator.StartAsync(InferenceHost.Ask("See?", picture), Token);
        var staying = await host.Generator.StartAsync(InferenceHost.Ask("See?", picture), Token);
        await inside.WaitAsync(Token);
        while (host.Model.Queue.Counts.Running < 2)
        {
            await Task.Delay(1, Token);
        }

        await leaving.DisposeAsync();
        while (host.Model.Queue.Counts.Running > 1)
        {
            await Task.Delay(1, Token);
        }

        gate.Set();
        Assert.StartsWith("re ", (await InferenceHost.ReadAsync(staying, Token)).Text, StringComparison.Ordinal);
        Assert.Equal(1, host.Factory.Vision.Encodes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH1_LeavesWhileTheModelLoads_PlaceIsFreeBeforeItIsLoaded()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        host.Factory.OnLoad = _ => gate.Wait(host.Closing);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("Hello"), left.Token);
        await left.CancelAsync();
        Assert.Equal((0, 0), (host.Model.Queue.Counts.Running, host.Model.Queue.Counts.Waiting));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => InferenceHost.ReadAsync(generation, left.Token));
        gate.Set();
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH3_QueuedRequestsLeaveInAnyOrder_SurvivorsStayInOrder()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 1);
        await host.AnswerAsync(InferenceHost.Ask("so that the model is there"), Token);
        using var gate = new SemaphoreSlim(0);
        var order = new List<string>();
        host.Factory.Answer = fed =>
        {
            lock (order)
            {
                if (order.Count == 0 || order[^1] != fed)
                {
                    order.Add(fed);
                }
            }

            return "k";
        };
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var generations = new List<Generation>();
        for (var i = 0; i < 30; i++)
        {
            generations.Add(await host.Generator.StartAsync(InferenceHost.Ask($"{i:00}"), Token));
        }

        int[] leaving = [29, 3, 17, 4, 5, 11, 28, 2];
        foreach (var i in leaving)
        {
            await generations[i].DisposeAsync();
        }

        host.Factory.OnDecode = _ => { };
        gate.Release(1000);
        foreach (var i in Enumerable.Range(0, 30).Except(leaving))
        {
            Assert.Equal("k", (await InferenceHost.ReadAsync(generations[i], Token)).Text);
        }

        Assert.Equal(Enumerable.Range(0, 30).Except(leaving).Select(i => $"<s>USER: {i:00} ASSISTANT:"), order);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH1_LeavingAtRandomMoments_LeavesNothingBehind()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.StepRows = 16);
        host.Factory.Vision!.OnEncode = token => token.WaitHandle.WaitOne(1);
        host.Factory.OnDecode = batch => Thread.SpinWait(batch.Count * 500);
        var random = new Random(5);
        var pictures = Enumerable.Range(0, 6).Select(i => TestImages.Png(2 + i, 3, SKColors.Red)).ToArray();
        var requests = Enumerable.Range(0, 200).Select(i => (Delay: random.Next(30), Picture: random.Next(8))).ToArray();
        await Parallel.ForEachAsync(
            requests,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token },
            async (request, token) =>
            {
                using var left = CancellationTokenSource.CreateLinkedTokenSource(token);
                left.CancelAfter(request.Delay);
                try
                {
                    byte[][] images = request.Picture < pictures.Length ? [pictures[request.Picture]] : [];
                    await host.AnswerAsync(InferenceHost.Ask("Random moment?", images), left.Token);
                }
                catch (OperationCanceledException)
                {
                }
            });
        await host.AssertIdleAsync();
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("Alive?"), Token);
        Assert.Equal(FakeEngineFactory.Fingerprint("<s>USER: Alive? ASSISTANT:"), text);
    }

    [Fact]
    public async Task SCH2_TwelveLeaveWhileOneStreams_ItsAnswerIsUndisturbed()
    {
        var answer = string.Concat(Enumerable.Range(0, 60).Select(i => $"{i} "));
        await using var host = new InferenceHost();
        host.Factory.Answer = fed => fed.Contains("keep", StringComparison.Ordinal) ? answer : new string('z', 400);
        host.Factory.OnDecode = _ => Thread.Sleep(1);
        var streaming = host.AnswerAsync(InferenceHost.Ask("keep"), Token);
        for (var i = 0; i < 12; i++)
        {
            await using var generation = await host.Generator.StartAsync(InferenceHost.Ask($"leave {i}"), Token);
            await Task.Delay(i % 4, Token);
        }

        Assert.Equal(answer, (await streaming).Text);
        await host.AssertIdleAsync();
    }
}
