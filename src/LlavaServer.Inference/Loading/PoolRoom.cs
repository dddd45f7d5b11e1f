namespace LlavaServer.Inference.Loading;

/// <summary>How many models, and how many bytes of them, fit in memory, and which have to go. Immutable; what it is asked about is under the pool's lock.</summary>
/// <param name="maxLoaded">Models at most.</param>
/// <param name="budget">Bytes of all models at most.</param>
/// <param name="budgetAlone">Bytes of a single model at most.</param>
internal sealed class PoolRoom(int maxLoaded, long budget, long budgetAlone)
{
    private const int AutomaticMaxLoaded = 3;
    private const double AutomaticShare = 0.8;

    public static PoolRoom From(PoolOptions options)
    {
        var maxLoaded = options.MaxLoaded > 0 ? options.MaxLoaded : AutomaticMaxLoaded;
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return options.MemoryBudget > 0
            ? new PoolRoom(maxLoaded, options.MemoryBudget, options.MemoryBudget)
            : new PoolRoom(maxLoaded, (long)(AutomaticShare * available), available);
    }

    /// <summary>Whether a model of this size can be in memory at all.</summary>
    public bool Allows(long bytes) => bytes <= budgetAlone;

    /// <summary>Throws <see cref="InferenceError.OutOfMemory"/> with both numbers for a model that can never be in memory.</summary>
    public void Check(string name, long bytes)
    {
        if (!Allows(bytes))
        {
            throw new InferenceException(
                InferenceError.OutOfMemory,
                $"The model '{name}' needs about {bytes >> 20} MiB with its context and slots; {budgetAlone >> 20} MiB are allowed (Pool:MemoryBudget).")
            {
                IsPermanent = true,
            };
        }
    }

    /// <summary>Whether another model of this size fits beside those that hold memory.</summary>
    public bool Holds(IReadOnlyCollection<ModelInstance> inMemory, long bytes) => Fits(inMemory.Count, inMemory.Sum(i => i.MemoryBytes), bytes);

    /// <summary>
    /// The fewest models, beyond those that are leaving anyway, that have to leave for another of this size: idle ones first, least recently used first;
    /// then busy ones.
    /// </summary>
    public IReadOnlyList<ModelInstance> ToEvict(IReadOnlyCollection<ModelInstance> inMemory, long bytes)
    {
        var staying = inMemory.Where(i => !i.IsEnding && i.State != ModelState.Stopping).ToList();
        var (count, held) = (staying.Count, staying.Sum(i => i.MemoryBytes));
        var victims = new List<ModelInstance>();
        foreach (var victim in staying.OrderBy(i => !i.IsIdle).ThenBy(i => i.IdleSince))
        {
            if (Fits(count, held, bytes))
            {
                break;
            }

            victims.Add(victim);
            (count, held) = (count - 1, held - victim.MemoryBytes);
        }

        return victims;
    }

    private bool Fits(int count, long held, long bytes) => count == 0 || (count < maxLoaded && held + bytes <= budget);
}
