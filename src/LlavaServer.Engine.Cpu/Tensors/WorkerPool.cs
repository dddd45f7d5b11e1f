using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Cpu.Tensors;

/// <summary>
/// Threads that live as long as a model and share the parts of one job at a time with the calling thread. Owned by an engine or an encoder; only
/// its own thread calls <see cref="Run{TJob}"/>. A run allocates nothing: the job stays on the caller's stack.
/// </summary>
/// <remarks>
/// Parts are claimed by compare-and-swap on a ticket (run number, parts, next part), so a thread that wakes late finds nothing to do and nobody
/// waits for it: the caller waits only for parts that were claimed.
/// </remarks>
internal sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>Most parts of one run.</summary>
    public const int MaxParts = ushort.MaxValue;

    // A step leaves gaps of microseconds between its jobs and some hundred between steps; waking a parked thread costs about 50 us.
    private static readonly long SpinTicks = Stopwatch.Frequency / 5000;

    private readonly Thread[] _threads;
    private readonly object _gate = new();

    private delegate*<void*, int, int, void> _invoke;
    private void* _job;

    // Bits 32 to 63: run number; 16 to 31: parts of the run; 0 to 15: next part.
    private long _ticket;
    private int _completed;
    private int _parked;
    private int _running;
    private volatile bool _stopping;
    private Exception? _failure;

    // Set by the owner's thread between runs, so fixed during each.
    private ComputeTurns? _turns;
    private CancellationToken _cancellation;

    /// <param name="threads">Threads that work on a job, the calling one included.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"worker {worker}" };
            _threads[i].Start();
        }
    }

    public int ThreadCount => _threads.Length + 1;

    /// <summary>Whether runs give way to steps: parts should be short.</summary>
    public bool IsPaced => _turns is not null;

    /// <summary>
    /// Until the result is disposed, runs are long work: every thread gives way to steps before each part, and when cancelled, what is left of a run is
    /// not done and <see cref="Run{TJob}"/> throws <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <param name="turns">Null for work that nothing waits for: nothing changes then.</param>
    /// <param name="cancellation">Ends pauses and runs.</param>
    public PacedWork Pace(ComputeTurns? turns, CancellationToken cancellation)
    {
        _turns = turns;
        _cancellation = turns is null ? default : cancellation;
        return new PacedWork(this, turns);
    }

    /// <summary>Gives way if it is a step's turn. For parts that take longer than some hundred microseconds, and for the owner between runs.</summary>
    public void GiveWay() => _turns?.Yield(_cancellation);

    /// <summary>
    /// Runs all parts of a job and returns when they are done. The first exception of a part is thrown here after the others have ended.
    /// </summary>
    public void Run<TJob>(in TJob job, int parts)
        where TJob : struct, IWorkerJob
    {
        ArgumentOutOfRangeException.ThrowIfNegative(parts);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, MaxParts);
        TJob local = job;
        if (parts <= 1 || _threads.Length == 0)
        {
            for (int part = 0; part < parts; part++)
            {
                GiveWay();
                _cancellation.ThrowIfCancellationRequested();
                local.Execute(part, 0);
            }

            return;
        }

        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("A worker pool runs one job at a time.");
        }

        _invoke = &Invoke<TJob>;
        _job = Unsafe.AsPointer(ref local);
        Volatile.Write(ref _completed, 0);
        Interlocked.Exchange(ref _ticket, (((_ticket >> 32) + 1) << 32) | ((long)parts << 16));
        if (Volatile.Read(ref _parked) > 0)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }

        ClaimParts(0);
        WaitForClaimedParts(parts);
        Volatile.Write(ref _running, 0);
        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }

        _cancellation.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        _stopping = true;
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    internal void EndPace()
    {
        _turns = null;
        _cancellation = default;
    }

    private static void Invoke<TJob>(void* job, int part, int worker)
        where TJob : struct, IWorkerJob => Unsafe.AsRef<TJob>(job).Execute(part, worker);

    private void Work(int worker)
    {
        while (!_stopping)
        {
            long seen = Volatile.Read(ref _ticket);
            ClaimParts(worker);
            AwaitNextRun(seen >> 32);
        }
    }

    private void ClaimParts(int worker)
    {
        ComputeTurns? entered = null;
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket);
            delegate*<void*, int, int, void> invoke = _invoke;
            void* job = _job;
            int part = (ushort)ticket;
            if (part >= (ushort)(ticket >> 16))
            {
                entered?.Leave();
                return;
            }

            // Success proves that this run still has an unclaimed part, so what was read above belongs to it.
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
            {
                continue;
            }

            try
            {
                if (worker > 0 && entered is null && _turns is { } turns)
                {
                    turns.Enter();
                    entered = turns;
                }

                GiveWay();
                if (!_cancellation.IsCancellationRequested)
                {
                    invoke(job, part, worker);
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, exception, null);
            }

            Interlocked.Increment(ref _completed);
        }
    }

    private void WaitForClaimedParts(int parts)
    {
        int spins = 0;
        ComputeTurns? turns = _turns;
        while (Volatile.Read(ref _completed) < parts)
        {
            if (turns is { IsHeld: true })
            {
                try
                {
                    GiveWay();
                }
                catch (OperationCanceledException)
                {
                    // Thrown by the run when no thread works for it any more.
                    turns = null;
                }
            }

            // A claimed part may sit on a thread that lost its core: give ours away now and then.
            if (++spins % 2000 == 0)
            {
                Thread.Yield();
            }
            else
            {
                Thread.SpinWait(4);
            }
        }
    }

    private void AwaitNextRun(long seenRun)
    {
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _ticket) >> 32 == seenRun && !_stopping)
        {
            Thread.SpinWait(8);
            if (Stopwatch.GetTimestamp() - start < SpinTicks)
            {
                continue;
            }

            lock (_gate)
            {
                Interlocked.Increment(ref _parked);
                while (Volatile.Read(ref _ticket) >> 32 == seenRun && !_stopping)
                {
                    Monitor.Wait(_gate);
                }

                Interlocked.Decrement(ref _parked);
            }
        }
    }
}
