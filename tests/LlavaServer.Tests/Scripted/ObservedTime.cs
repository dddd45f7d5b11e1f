using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Tests.Scripted;

/// <summary>A clock that stands until a test moves it, and tells when somebody waits for it: moving it earlier would be too early.</summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private readonly ConcurrentDictionary<TimeSpan, int> _timers = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.AddOrUpdate(dueTime, 1, static (_, count) => count + 1);
        return timer;
    }

    /// <summary>Returns when so many timers of this length were started since the beginning.</summary>
    public async Task WaitForTimerAsync(TimeSpan dueTime, int count)
    {
        var started = System.GetTimestamp();
        while (_timers.GetValueOrDefault(dueTime) < count)
        {
            Assert.True(System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"Nobody waits for {dueTime} for the {count}. time.");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }
}
