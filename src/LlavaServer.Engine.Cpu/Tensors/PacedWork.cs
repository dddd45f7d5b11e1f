using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Cpu.Tensors;

/// <summary>Long work on a <see cref="WorkerPool"/>, from <see cref="WorkerPool.Pace"/> to disposal, on the thread that owns the pool.</summary>
internal readonly ref struct PacedWork
{
    private readonly WorkerPool _pool;
    private readonly ComputeTurns? _turns;

    public PacedWork(WorkerPool pool, ComputeTurns? turns)
    {
        _pool = pool;
        _turns = turns;
        turns?.Enter();
    }

    public void Dispose()
    {
        _pool.EndPace();
        _turns?.Leave();
    }
}
