using LlavaServer.Configuration;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using Microsoft.Extensions.Options;

namespace LlavaServer.Health;

/// <summary>
/// Stops the server so that no answer is lost: not ready, a pause for load balancers, no new requests, running answers finish, leftovers fail as
/// shutting down. The listener closes beside it, when the web host stops.
/// </summary>
internal sealed partial class DrainService(
    DrainState state, TextGenerator generator, ModelPool pool, IOptions<ShutdownOptions> options, TimeProvider time, ILogger<DrainService> logger)
    : IHostedLifecycleService
{
    private Task _drain = Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        state.Advance(DrainPhase.Announced);
        if (!state.IsInteractive && options.Value.Delay > TimeSpan.Zero)
        {
            Log.Waiting(logger, options.Value.Delay.TotalSeconds);
            await Task.Delay(options.Value.Delay, time, cancellationToken);
        }

        state.Advance(DrainPhase.Closing);
        Log.Closing(logger, generator.ActiveCount, options.Value.Grace.TotalSeconds);
        _drain = DrainAsync();
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _drain;
        Log.Stopped(logger);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task DrainAsync()
    {
        using var grace = new CancellationTokenSource(options.Value.Grace, time);
        try
        {
            await generator.DrainAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            Log.Leftovers(logger, generator.ActiveCount);
            pool.Dispose();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Information, "Stopping: not ready any more, requests are taken for another {Seconds} s")]
        public static partial void Waiting(ILogger logger, double seconds);

        [LoggerMessage(21, LogLevel.Information, "Stopping: no new requests, {Running} running ones have {Seconds} s")]
        public static partial void Closing(ILogger logger, int running, double seconds);

        [LoggerMessage(22, LogLevel.Warning, "Stopping: {Running} requests did not finish in time")]
        public static partial void Leftovers(ILogger logger, int running);

        [LoggerMessage(23, LogLevel.Information, "Stopped")]
        public static partial void Stopped(ILogger logger);
    }
}
