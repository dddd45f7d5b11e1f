using System.Runtime.InteropServices;

namespace LlavaServer.Cli.Run;

/// <summary>Ctrl+C while an answer comes: ends the answer and not the program. Owned by one answer.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly PosixSignalRegistration _registration;

    public Interrupt(CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            HasHappened = true;
            _source.Cancel();
        });
    }

    public bool HasHappened { get; private set; }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
