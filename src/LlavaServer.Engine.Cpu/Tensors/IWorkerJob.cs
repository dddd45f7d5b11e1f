namespace LlavaServer.Engine.Cpu.Tensors;

/// <summary>
/// Work that <see cref="WorkerPool"/> spreads over its threads. Implemented by structs, so that a step allocates nothing; every part may run on any
/// thread, several at once, each part exactly once.
/// </summary>
internal interface IWorkerJob
{
    /// <param name="part">0 to parts - 1.</param>
    /// <param name="worker">Number of the thread that runs the part, 0 to <see cref="WorkerPool.ThreadCount"/> - 1: an index into per-thread scratch.</param>
    void Execute(int part, int worker);
}
