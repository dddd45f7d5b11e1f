using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>
/// Requests, unloading, idle times, evictions, larger contexts and failing loads in random order: 100,000 operations over both seeds, most of which wait
/// for nobody, so that they fall between those that do.
/// </summary>
public sealed class PoolChaosTests
{
    private const int Workers = 25;
    private const int Operations = 2000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task SCH12_RandomInterleavings_EveryRequestEndsAndNothingIsLeft(int seed)
    {
        var time = new FakeTimeProvider();
        string[] names = ["a", "b", "c"];
        await using var host = new InferenceHost(
            new FakeEngineFactory { HonoursContext = true },
            o => (o.Pool.MaxLoaded, o.Pool.MemoryBudget, o.Engine.ContextLength, o.Engine.StepRows, o.Cache.PrefixSequences) = (2, 700, 64, 16, 1),
            time,
            models: names);
        host.Factory.Estimate = (_, options) => options.ContextLength;
        var most = 0;
        var failing = 0;
        host.Factory.OnLoad = _ =>
        {
            InterlockedMax(ref most, host.Factory.Engines.Count(e => !e.IsDisposed) + 1);
            if (Interlocked.Increment(ref failing) % 9 == 0)
            {
                throw new InferenceException(InferenceError.ModelLoadFailed, "no luck");
            }
        };
        var (served, failed) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random((seed * 100) + worker);
                for (var i = 0; i < Operations; i++)
                {
                    var name = names[random.Next(names.Length)];
                    var entry = host.Pool.Models.Single(m => m.Entry.Name == name + ":latest").Entry;
                    TimeSpan? keepAlive = random.Next(4) switch { 0 => TimeSpan.Zero, 1 => TimeSpan.FromSeconds(random.Next(20)), 2 => Timeout.InfiniteTimeSpan, _ => null };
                    int? context = random.Next(100) == 0 ? random.Next(64, 300) : null;
                    try
                    {
                        switch (random.Next(40))
                        {
                            case 0:
                                host.Pool.Unload(entry);
                                break;
                            case 1:
                                time.Advance(TimeSpan.FromSeconds(random.Next(10)));
                                break;
                            case < 30:
                                // Its client does not wait.
                                host.Pool.Acquire(entry, new ModelDemand { KeepAlive = keepAlive, ContextLength = context }).Dispose();
                                break;
                            case < 34:
                                var request = InferenceHost.Ask("?") with { Model = name, KeepAlive = keepAlive, ContextLength = context };
                                var (text, _) = await host.AnswerAsync(request, Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
                                Assert.Equal(FakeEngineFactory.Fingerprint("<s>USER: ? ASSISTANT:"), text);
                                Interlocked.Increment(ref served);
                                break;
                            default:
                                var demand = new ModelDemand { KeepAlive = keepAlive, ContextLength = context };
                                using (var lease = await host.Pool.LoadAsync(entry, demand, Token).WaitAsync(TimeSpan.FromSeconds(60), Token))
                                {
                                    Assert.All(lease.Model.Executors, e => Assert.NotNull(e.Scheduler));
                                    Assert.True(lease.Model.Info.ContextLength >= (context ?? 0));
                                }

                                Interlocked.Increment(ref served);
                                break;
                        }
                    }
                    catch (InferenceException failure)
                    {
                        Assert.Equal("no luck", failure.Message);
                        Interlocked.Increment(ref failed);
                    }
                }
            },
            Token)));
        Assert.True(served > failed && failed > 0, $"{served} served, {failed} failed");
        Assert.InRange(most, 1, 2);
        await host.AssertIdleAsync();
        foreach (var model in host.Pool.Models)
        {
            host.Pool.Unload(model.Entry);
        }

        await ModelPoolTests.Until(() => host.Factory.Living == 0 && host.Pool.Models.All(m => m.Current is null && m.Next is null));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int known;
        while (value > (known = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, known) != known)
        {
        }
    }
}
