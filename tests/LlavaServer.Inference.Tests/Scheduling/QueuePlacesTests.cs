using LlavaServer.Inference.Scheduling;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Order and bounds of the places in a queue, between the requests of one client and between clients.</summary>
public sealed class QueuePlacesTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void SCH6_OneClient_OrderOfArrival()
    {
        var places = new QueuePlaces(1, 10, _time);
        var all = Enumerable.Range(0, 11).Select(_ => places.TryReserve("a")!).ToArray();
        Assert.Null(places.TryReserve("a"));
        Assert.Equal(all, all.OrderBy(p => p.Number));
        Assert.Equal(Enumerable.Range(0, 11).Select(i => (int?)i), all.Select(p => p.Position));
        Assert.Equal((0, 1, 2), (all[0].Turn, all[1].Turn, all[2].Turn));
    }

    [Fact]
    public void SCH6_TwoClients_TakeTurns()
    {
        var places = new QueuePlaces(1, 20, _time);
        var busy = Enumerable.Range(0, 6).Select(_ => places.TryReserve("busy")!).ToArray();
        Assert.True(busy[0].TryAdmit());
        Assert.True(busy[1].TryAdmit());
        var calm = Enumerable.Range(0, 2).Select(_ => places.TryReserve("calm")!).ToArray();
        Assert.Equal([calm[0], busy[2], calm[1], busy[3], busy[4], busy[5]], calm.Concat(busy[2..]).OrderBy(p => p.Position));

        // Who was away has no claim to the turns that it missed.
        foreach (var place in calm.Concat(busy).OrderBy(p => p.Number))
        {
            place.TryAdmit();
            place.Dispose();
        }

        var later = places.TryReserve("calm")!;
        var other = places.TryReserve("busy")!;
        var second = places.TryReserve("calm")!;
        Assert.Equal([later, other, second], new[] { second, other, later }.OrderBy(p => p.Number));
    }

    [Fact]
    public void SCH5_FullOfOneClient_AnotherTakesItsNewestPlace()
    {
        var places = new QueuePlaces(1, 4, _time);
        var busy = Enumerable.Range(0, 5).Select(_ => places.TryReserve("busy")!).ToArray();
        busy[0].TryAdmit();
        var calm = places.TryReserve("calm");
        Assert.NotNull(calm);
        Assert.Equal([false, false, false, false, true], busy.Select(p => p.Lost.IsCancellationRequested));
        Assert.Equal((1, 4, 1), places.Counts);
        Assert.False(busy[4].TryAdmit());

        // Three and one, then two and two: alike enough.
        Assert.NotNull(places.TryReserve("calm"));
        Assert.True(busy[3].Lost.IsCancellationRequested);
        Assert.Null(places.TryReserve("calm"));
        Assert.Null(places.TryReserve("busy"));
        busy[3].Dispose();
        busy[4].Dispose();
        Assert.Equal((1, 4, 1), places.Counts);
    }

    [Fact]
    public async Task SCH5_FullOfOneClient_TheOtherIsAnsweredAndTheLostRequestIsToldToComeAgain()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxQueue) = (1, 3));
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var busy = new List<Generation>();
        for (var i = 0; i < 4; i++)
        {
            busy.Add(await host.Generator.StartAsync(InferenceHost.Ask($"{i}") with { Client = "busy" }, Token));
        }

        var calm = host.AnswerAsync(InferenceHost.Ask("calm") with { Client = "calm" }, Token);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => InferenceHost.ReadAsync(busy[3], Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        Assert.Contains("Queue:MaxQueue", refusal.Message);
        Assert.NotNull(refusal.RetryAfter);
        gate.Release(1000);
        Assert.StartsWith("re ", (await calm).Text, StringComparison.Ordinal);
        foreach (var generation in busy[..3])
        {
            await InferenceHost.ReadAsync(generation, Token);
        }

        await host.AssertIdleAsync();
    }

    [Fact]
    public void SCH5_RetryAfter_FollowsTheMeasuredSpeed()
    {
        var places = new QueuePlaces(2, 20, _time);
        for (var i = 0; i < 30; i++)
        {
            var place = places.TryReserve("a")!;
            place.TryAdmit();
            _time.Advance(TimeSpan.FromSeconds(4));
            place.Dispose();
        }

        var running = Enumerable.Range(0, 2).Select(_ => places.TryReserve("b")!).ToArray();
        Assert.All(running, p => Assert.True(p.TryAdmit()));
        for (var i = 0; i < 10; i++)
        {
            places.TryReserve("b");
        }

        // Ten wait, two are done every four seconds.
        Assert.Equal(20, places.RetryAfter.TotalSeconds, 0.1);
        var last = places.TryReserve("b")!;
        Assert.Equal(11, last.Turn);
        Assert.Equal(22, last.EstimatedWait!.Value.TotalSeconds, 0.1);
    }

    [Fact]
    public void SCH1_RandomReservationsAndReleases_CountsReturnToZero()
    {
        var random = new Random(7);
        var places = new QueuePlaces(3, 20, _time);
        var held = new List<QueuePlace>();
        for (var i = 0; i < 20_000; i++)
        {
            switch (random.Next(5))
            {
                case 0 or 1 when places.TryReserve($"{random.Next(4)}") is { } place:
                    held.Add(place);
                    break;
                case 2 when held.Count > 0 && places.Counts.Running < 3:
                    held[random.Next(held.Count)].TryAdmit();
                    break;
                case 3 when held.Count > 0:
                    held[random.Next(held.Count)].SetBack();
                    break;
                case 4 when held.Count > 0:
                    var gone = random.Next(held.Count);
                    (random.Next(2) == 0 ? (Action)held[gone].Leave : held[gone].Dispose)();
                    held[gone].Dispose();
                    held.RemoveAt(gone);
                    break;
            }

            Assert.InRange(places.Counts.Running + places.Counts.Waiting, 0, 23);
        }

        held.ForEach(p => p.Dispose());
        Assert.Equal((0, 0, 3), places.Counts);
        Assert.Equal(0, places.TryReserve("x")!.Position);
    }
}
