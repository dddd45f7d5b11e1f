using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// All that ties a server to one engine process: the process, its connections, its folder and its heartbeat, and what to say when it died. Owned by its
/// <see cref="EngineProcess"/>; thread-safe.
/// </summary>
internal sealed partial class EngineLink : IDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);
    private readonly IEngineChild _child;
    private readonly EngineConnections _connections;
    private readonly Heartbeat _heartbeat;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private string? _death;
    private string? _reason;

    /// <param name="child">Owned from now on.</param>
    /// <param name="connections">Owned from now on.</param>
    /// <param name="folder">Owned from now on.</param>
    /// <param name="time">For the heartbeat.</param>
    /// <param name="logger">Told when the process dies.</param>
    public EngineLink(IEngineChild child, EngineConnections connections, EngineFolder folder, TimeProvider time, ILogger logger)
    {
        _child = child;
        _connections = connections;
        Folder = folder;
        _logger = logger;
        Turns = new TurnRelay(connections.Turns);
        _heartbeat = new Heartbeat(connections.Life, time, child.Kill);
    }

    public EngineChannel Steps => _connections.Steps;

    public EngineChannel Vision => _connections.Vision;

    public TurnRelay Turns { get; }

    public EngineFolder Folder { get; }

    /// <summary>Ends the process, so that whoever waits for it fails.</summary>
    public void Kill() => _child.Kill();

    /// <summary>As <see cref="Kill()"/>, and <see cref="Died"/> tells why.</summary>
    public void Kill(string reason)
    {
        lock (_lock)
        {
            _reason ??= reason;
        }

        _child.Kill();
    }

    /// <summary>Whether this is how a connection fails, as far as <see cref="Died"/> can tell why.</summary>
    public static bool IsDeath(Exception exception) => exception is IOException or EngineProtocolException or ObjectDisposedException;

    /// <summary>The failure to throw when a connection failed: ends the process and tells how it ended. The same at every call.</summary>
    public InferenceException Died(Exception cause)
    {
        lock (_lock)
        {
            if (_death is null)
            {
                _death = cause is EngineProtocolException
                    ? $"The engine process sent {cause.Message}."
                    : $"{_reason} {_child.Describe(EndLimit)}".TrimStart();
                _child.Kill();
                Log.Died(_logger, _child.Id, _death);
            }
        }

        return new InferenceException(InferenceError.EngineFailed, _death, cause) { EngineDied = true };
    }

    public void Dispose()
    {
        _heartbeat.Dispose();
        _child.Dispose();
        _connections.Dispose();
        Folder.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Engine process {ProcessId}: {Death}")]
        public static partial void Died(ILogger logger, int processId, string death);
    }
}
