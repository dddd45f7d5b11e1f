using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Loads each model in an engine process of its own, so that an engine may die without the server. Removes at its start what killed servers left.
/// Thread-safe.
/// </summary>
public sealed partial class HostedEngineFactory : IInferenceEngineFactory
{
    // Of a runtime that starts on a machine with much else to do.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Func<string, IEngineChild> _start;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="command">Starts an engine process.</param>
    /// <param name="time">For the heartbeat.</param>
    /// <param name="logger">Told of deaths, and what engine processes write, by its level.</param>
    public HostedEngineFactory(EngineCommand command, TimeProvider time, ILogger<HostedEngineFactory> logger)
        : this(socketPath => ChildProcess.Start(command, socketPath, (level, line) => Log.Written(logger, level, line)), time, logger)
    {
    }

    /// <param name="start">Starts a child for the socket at this path.</param>
    /// <param name="time">For the heartbeat.</param>
    /// <param name="logger">Told of deaths.</param>
    internal HostedEngineFactory(Func<string, IEngineChild> start, TimeProvider time, ILogger logger)
    {
        _start = start;
        _time = time;
        _logger = logger;
        EngineFolder.RemoveLeftOvers();
    }

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        using var link = new Rollback<EngineLink>(Start(cancellationToken));
        using var registration = cancellationToken.UnsafeRegister(static link => ((EngineLink)link!).Kill(), link.Value);
        try
        {
            HostingJson.Send(link.Value.Steps, FrameKind.Load, 0, new LoadMessage(files, options), HostingJson.Default.LoadMessage);
            var info = Loaded(link.Value, options.Turns, progress);
            EngineInfoRules.Check(info, options);
            return new EngineProcess(link.Keep(), info, options.Turns);
        }
        catch (Exception exception) when (EngineLink.IsDeath(exception))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new InferenceException(InferenceError.ModelLoadFailed, link.Value.Died(exception).Message, exception) { EngineDied = true };
        }
    }

    private static EngineInfo Loaded(EngineLink link, ComputeTurns? turns, IProgress<double>? progress)
    {
        while (true)
        {
            link.Turns.WaitFor(link.Steps, turns);
            var frame = link.Steps.Receive();
            switch (frame.Kind)
            {
                case FrameKind.Progress when frame.Payload.Length == sizeof(double):
                    var part = BinaryPrimitives.ReadDoubleLittleEndian(frame.Payload);
                    progress?.Report(part is >= 0 and <= 1 ? part : throw new EngineProtocolException($"progress {part}"));
                    break;
                case FrameKind.Loaded:
                    return HostingJson.Read(frame, HostingJson.Default.EngineInfo);
                case FrameKind.Failed:
                    throw HostingJson.Read(frame, HostingJson.Default.FailureMessage).ToException();
                default:
                    throw new EngineProtocolException($"{frame.Kind} while it should load");
            }
        }
    }

    private EngineLink Start(CancellationToken cancellationToken)
    {
        try
        {
            using var folder = new Rollback<EngineFolder>(EngineFolder.Create());
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(folder.Value.SocketPath));
            listener.Listen();
            using var child = new Rollback<IEngineChild>(_start(folder.Value.SocketPath));
            using var registration = cancellationToken.UnsafeRegister(static child => ((IEngineChild)child!).Kill(), child.Value);
            var connections = Accept(listener, child.Value, cancellationToken);
            return new EngineLink(child.Keep(), connections, folder.Keep(), _time, _logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SocketException or Win32Exception)
        {
            throw new InferenceException(InferenceError.ModelLoadFailed, "The engine process cannot be started.", exception);
        }
    }

    private EngineConnections Accept(Socket listener, IEngineChild child, CancellationToken cancellationToken)
    {
        try
        {
            return EngineConnections.Accept(listener, child, StartLimit, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or EngineProtocolException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            child.Kill();
            var death = exception is EngineProtocolException ? $"The engine process sent {exception.Message}." : child.Describe(StartLimit);
            Log.NotStarted(_logger, child.Id, exception.Message, death);
            throw new InferenceException(InferenceError.ModelLoadFailed, death, exception) { EngineDied = true };
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "Engine process: {Line}")]
        public static partial void Written(ILogger logger, LogLevel level, string line);

        [LoggerMessage(2, LogLevel.Error, "Engine process {ProcessId} could not be used: {Problem}. {Death}")]
        public static partial void NotStarted(ILogger logger, int processId, string problem, string death);
    }
}
