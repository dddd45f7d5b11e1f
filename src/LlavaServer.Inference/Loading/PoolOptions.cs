using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Inference.Loading;

/// <summary>Which models are in memory, and for how long (section <c>Llava:Pool</c>).</summary>
public sealed class PoolOptions
{
    /// <summary>Time without requests after which a model leaves memory; 0 at once, negative never. Default 5 minutes (Ollama's).</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Models in memory at most; 0, the default, is 3 (Ollama's without a GPU).</summary>
    [Range(0, 1000)]
    public int MaxLoaded { get; set; }

    /// <summary>
    /// Bytes that models take at most, counted before they are loaded; 0, the default, is 80 % of the memory that this process may use (Ollama's share),
    /// and all of it for a model alone.
    /// </summary>
    [Range(0L, long.MaxValue)]
    public long MemoryBudget { get; set; }

    /// <summary>A load without progress for so long has failed. Default 5 minutes (Ollama's).</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan LoadTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Time that a whole (not streamed) answer waits for its model to be loaded before it is refused; the load goes on. Default 60 s: OpenAI's .NET client
    /// gives up after 100 s without a byte.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan LoadWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Engines of each model, each with its own slots; the memory is that of so many models. Default 1.</summary>
    [Range(1, 64)]
    public int Executors { get; set; } = 1;

    /// <summary>Deaths of a model's engine within a minute after which it is not started again at once. Default 3.</summary>
    [Range(2, 1_000_000)]
    public int MaxDeaths { get; set; } = 3;

    /// <summary>How long a model whose engine died too often is refused before it is tried again. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "1.00:00:00")]
    public TimeSpan BreakTime { get; set; } = TimeSpan.FromSeconds(30);
}
