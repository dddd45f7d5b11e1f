using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Everything at once: whatever fails, every request ends, right answers are right, and nothing is left.</summary>
[Collection(nameof(AloneCollection))]
public sealed class ChaosTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    public async Task SCH12_FaultsLoadFailuresAndLeavingClients_EveryRequestEnds(uint seed)
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.StepRows, o.Cache.ImageBytes) = (16, 100));
        var random = new MersenneTwister(seed);
        var gate = new Lock();
        int Next(int n)
        {
            lock (gate)
            {
                return (int)(random.NextUInt32() % (uint)n);
            }
        }

        host.Factory.OnDecode = _ =>
        {
            if (Next(120) == 0)
            {
                throw new InvalidOperationException();
            }
        };
        host.Factory.OnLoad = _ =>
        {
            if (Next(4) == 0)
            {
                throw new InferenceException(InferenceError.ModelLoadFailed, "no luck");
            }
        };
        host.Factory.Vision!.OnEncode = _ =>
        {
            if (Next(15) == 0)
            {
                throw new InvalidOperationException();
            }
        };
        var pictures = Enumerable.Range(0, 5).Select(i => TestImages.Png(2 + i, 3, SKColors.Red)).ToArray();
        var (answered, failed, left) = (0, 0, 0);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 300),
            new ParallelOptions { MaxDegreeOfParallelism = 24, CancellationToken = Token },
            async (i, token) =>
            {
                using var client = CancellationTokenSource.CreateLinkedTokenSource(token);
                if (Next(5) == 0)
                {
                    client.CancelAfter(Next(8));
                }

                byte[][] images = i % 3 == 0 ? [pictures[i % 5]] : [];
                try
                {
                    var (text, last) = await host.AnswerAsync(InferenceHost.Ask($"Question {i % 7}?", images), client.Token).WaitAsync(TimeSpan.FromSeconds(60), token);
                    Assert.Equal(FinishReason.Stop, last.FinishReason);
                    if (images.Length == 0)
                    {
                        Assert.Equal(FakeEngineFactory.Fingerprint($"<s>USER: Question {i % 7}? ASSISTANT:"), text);
                    }

                    Interlocked.Increment(ref answered);
                }
                catch (InferenceException failure)
                {
                    Assert.Contains(failure.Error, new[] { InferenceError.EngineFailed, InferenceError.ModelLoadFailed });
                    Interlocked.Increment(ref failed);
                }
                catch (OperationCanceledException) when (client.IsCancellationRequested)
                {
                    Interlocked.Increment(ref left);
                }
            });
        Assert.Equal(300, answered + failed + left);
        Assert.True(answered > 30 && failed > 0, $"{answered} answered, {failed} failed, {left} left");
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH5_FiftyTimesOverload_AnsweredOrRefusedAndMemoryStaysFlat()
    {
        await using var host = new InferenceHost(configure: o => o.Queue.MaxQueue = 32);
        host.Factory.OnDecode = _ => Thread.Sleep(1);
        await host.AnswerAsync(InferenceHost.Ask("warm"), Token);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (answered, refused, most) = (0, 0, 0);
        var clients = Enumerable.Range(0, 2000).Select(async i =>
        {
            await Task.Delay(i, Token);
            try
            {
                await host.AnswerAsync(InferenceHost.Ask($"{i}"), Token);
                Interlocked.Increment(ref answered);
            }
            catch (InferenceException refusal) when (refusal.Error == InferenceError.QueueFull)
            {
                Interlocked.Increment(ref refused);
            }

            var (running, waiting, _) = host.Model.Queue.Counts;
            lock (host)
            {
                most = Math.Max(most, running + waiting);
            }
        });
        await Task.WhenAll(clients);
        Assert.Equal(2000, answered + refused);
        Assert.True(answered >= 36 && refused > 100, $"{answered} answered, {refused} refused");
        Assert.InRange(most, 1, 32 + host.Model.Queue.Counts.Slots);
        await host.AssertIdleAsync();
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 8 << 20);
    }
}
