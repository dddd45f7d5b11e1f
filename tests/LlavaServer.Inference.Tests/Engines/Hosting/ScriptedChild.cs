using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>An engine process that is a thread of the test: the real sockets and shared memory, with any behaviour. Killing it closes its connections.</summary>
internal sealed class ScriptedChild : IEngineChild
{
    private readonly Thread _thread;
    private EngineConnections? _connections;
    private volatile bool _isKilled;

    private ScriptedChild(Func<EngineConnections?> connect, Action<EngineConnections> script)
    {
        _thread = new Thread(() => Run(connect, script)) { IsBackground = true };
        _thread.Start();
    }

    public int Id => Environment.ProcessId;

    public bool HasExited => !_thread.IsAlive;

    public bool IsKilled => _isKilled;

    /// <summary>What escaped from the script, other than a closed connection.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>A factory whose children serve engines of another factory.</summary>
    public static HostedEngineFactory Hosting(IInferenceEngineFactory factory, Action<ScriptedChild>? started = null) =>
        Playing(connections => EngineHost.Run(factory, connections, static () => { }), started);

    /// <summary>A factory whose children follow a script after the hello.</summary>
    public static HostedEngineFactory Playing(Action<EngineConnections> script, Action<ScriptedChild>? started = null) => new(
        path =>
        {
            var child = new ScriptedChild(() => EngineConnections.Connect(path), script);
            started?.Invoke(child);
            return child;
        },
        TimeProvider.System,
        NullLogger.Instance);

    /// <summary>A factory whose children do as they like from the first byte.</summary>
    public static HostedEngineFactory Raw(Action<string> script) => new(
        path => new ScriptedChild(
            () =>
            {
                script(path);
                return null;
            },
            static _ => { }),
        TimeProvider.System,
        NullLogger.Instance);

    public void Kill()
    {
        _isKilled = true;
        Volatile.Read(ref _connections)?.Dispose();
    }

    public string Describe(TimeSpan wait) => "The engine process ended (scripted).";

    /// <summary>Waits for the end of the script.</summary>
    public void Join() => Assert.True(_thread.Join(TimeSpan.FromSeconds(20)), "The child goes on.");

    public void Dispose() => Kill();

    private void Run(Func<EngineConnections?> connect, Action<EngineConnections> script)
    {
        try
        {
            Volatile.Write(ref _connections, connect());
            if (_connections is not null)
            {
                script(_connections);
            }
        }
        catch (Exception exception) when (exception is IOException)
        {
            // The server hung up.
        }
        catch (Exception exception)
        {
            Failure = exception;
        }
        finally
        {
            _connections?.Dispose();
        }
    }
}
