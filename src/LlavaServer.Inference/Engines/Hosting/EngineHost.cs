using System.Buffers.Binary;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The engine process's side: loads one model with any engine and serves it to the server that started the process, until that is gone.</summary>
public static class EngineHost
{
    /// <summary>
    /// Serves one model; returns when the server hangs up. Throws <see cref="IOException"/> when no server listens. Blocks the calling thread, on which
    /// the engine runs.
    /// </summary>
    /// <param name="factory">Loads the model.</param>
    /// <param name="socketPath">Where the server listens.</param>
    /// <param name="parentGone">Called on another thread when the server is gone, also while the engine is busy: ends the process.</param>
    public static void Run(IInferenceEngineFactory factory, string socketPath, Action parentGone)
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(parentGone);
        using var connections = EngineConnections.Connect(socketPath);
        Run(factory, connections, parentGone);
    }

    internal static void Run(IInferenceEngineFactory factory, EngineConnections connections, Action parentGone)
    {
        _ = new ParentWatch(connections.Life, parentGone);
        try
        {
            Serve(factory, connections);
        }
        catch (EndOfStreamException)
        {
            // The ordinary end.
        }
    }

    private static void Serve(IInferenceEngineFactory factory, EngineConnections connections)
    {
        var steps = connections.Steps;
        var load = HostingJson.Read(steps.Receive(FrameKind.Load, 0), HostingJson.Default.LoadMessage);
        var turns = new ComputeTurns(TimeProvider.System);
        _ = new TurnHost(connections.Turns, turns);
        IInferenceEngine engine;
        try
        {
            engine = factory.Load(load.Files, load.Options with { Turns = turns }, new LoadProgress(steps), CancellationToken.None);
        }
        catch (InferenceException exception)
        {
            HostingJson.Send(steps, FrameKind.Failed, 0, FailureMessage.Of(exception), HostingJson.Default.FailureMessage);
            return;
        }
        catch (OutOfMemoryException exception)
        {
            var failure = new InferenceException(InferenceError.OutOfMemory, "There is not enough memory for the model.", exception);
            HostingJson.Send(steps, FrameKind.Failed, 0, FailureMessage.Of(failure), HostingJson.Default.FailureMessage);
            return;
        }

        using (engine)
        {
            HostingJson.Send(steps, FrameKind.Loaded, 0, engine.Info, HostingJson.Default.EngineInfo);
            using var vision = engine.Vision is { } encoder ? new VisionHost(encoder, turns, connections.Vision) : null;
            using var host = new StepHost(engine, steps);
            host.Run();
        }
    }

    private sealed class LoadProgress(EngineChannel channel) : IProgress<double>
    {
        private const double Grain = 0.01;
        private readonly Lock _lock = new();
        private double _reported = -1;

        public void Report(double value)
        {
            lock (_lock)
            {
                if (value - _reported < Grain && value < 1)
                {
                    return;
                }

                _reported = value;
                Span<byte> payload = stackalloc byte[sizeof(double)];
                BinaryPrimitives.WriteDoubleLittleEndian(payload, Math.Clamp(value, 0, 1));
                channel.Send(FrameKind.Progress, 0, payload);
            }
        }
    }
}
