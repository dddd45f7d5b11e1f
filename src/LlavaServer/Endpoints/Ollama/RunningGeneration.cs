using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>A generation whose first piece is there. Owned by one request; disposing it frees the slot.</summary>
internal sealed class RunningGeneration : IAsyncDisposable
{
    private readonly Generation _generation;
    private readonly IAsyncEnumerator<GenerationUpdate> _updates;

    private RunningGeneration(Generation generation, IAsyncEnumerator<GenerationUpdate> updates)
    {
        _generation = generation;
        _updates = updates;
    }

    public GenerationUpdate Current => _updates.Current;

    /// <summary>Throws what ends the generation before its first piece.</summary>
    public static async Task<RunningGeneration> StartAsync(TextGenerator generator, GenerationRequest request, CancellationToken cancellationToken)
    {
        var generation = await generator.StartAsync(request, cancellationToken);
        var running = new RunningGeneration(generation, generation.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken));
        try
        {
            return await running.MoveNextAsync()
                ? running
                : throw new InferenceException(InferenceError.EngineFailed, "The generation ended without an answer.");
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public ValueTask<bool> MoveNextAsync() => _updates.MoveNextAsync();

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync();
        await _generation.DisposeAsync();
    }
}
