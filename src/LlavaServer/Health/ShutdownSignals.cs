using System.Runtime.InteropServices;

namespace LlavaServer.Health;

/// <summary>
/// Watches the signals beside the host, which does the stopping: notes whether the first came from a terminal, and ends the process at the second.
/// </summary>
internal sealed class ShutdownSignals : IDisposable
{
    private const int Interrupted = 130;
    private readonly DrainState _state;
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public ShutdownSignals(DrainState state)
    {
        _state = state;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;

        // Counted here: the host's own handler of the same signal may have advanced the state already.
        if (Interlocked.Increment(ref _signals) == 1)
        {
            _state.Announce(interactive: context.Signal == PosixSignal.SIGINT);
        }
        else
        {
            Environment.Exit(Interrupted);
        }
    }
}
