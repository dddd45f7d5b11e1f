using System.Text;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Scheduling;

/// <content>What is done about an engine that hangs. On a thread of the watch's timer, while the scheduler thread waits for the engine.</content>
internal sealed partial class Scheduler
{
    private void Stalled(TimeSpan stall)
    {
        Log.Stalled(_context.Logger, _context.Model, stall, Dump());
        var reason = $"The engine made no step for {stall.TotalSeconds:0} s and was ended (Engine:StepTimeout).";
        if (!_engine.TryEnd(reason))
        {
            Log.CannotBeEnded(_context.Logger, _context.Model);
        }
    }

    // Numbers only. Slots are there as long as the scheduler; what they hold may change meanwhile, which costs a number that is not of the same moment.
    private string Dump()
    {
        var (running, waiting, slots) = _queue.Counts;
        var text = new StringBuilder($"running {running} of {slots}, waiting {waiting}, pictures {PendingEncodes}, steps {StepCount}");
        foreach (var slot in _cache.Slots)
        {
            if (slot.Sequence is { } sequence)
            {
                text.Append(
                    $"; slot {slot.Id.Value}: prompt {sequence.Prompt.Length}, computed {sequence.ComputedTokens}, generated {sequence.GeneratedTokens}");
            }
        }

        return text.ToString();
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Error, "The engine of {Model} hangs: no step for {Stall}; {State}")]
        public static partial void Stalled(ILogger logger, string model, TimeSpan stall, string state);

        [LoggerMessage(21, LogLevel.Error, "The engine of {Model} runs inside the server and cannot be ended; the liveness probe fails until it goes on (Engine:Process)")]
        public static partial void CannotBeEnded(ILogger logger, string model);
    }
}
