using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>A generation whose first piece is there. Owned by one request; disposing it frees the slot.</summary>
internal sealed class RunningGeneration : IAsyncDisposable
{
    private readonly Generation _generation;
    private readonly IAsyncEnumerator<GenerationUpdate> _updates;
    private readonly bool _isRaw;
    private LeadingTrim _trim;

    private RunningGeneration(Generation generation, IAsyncEnumerator<GenerationUpdate> updates, GenerationRequest request)
    {
        _generation = generation;
        _updates = updates;
        Request = request;
        _isRaw = request.RawPrompt is not null || request.WrittenPrompt is not null;
    }

    /// <summary>What was asked in the end, when a prompt that did not fit was shortened.</summary>
    public GenerationRequest Request { get; }

    public Generation Generation => _generation;

    /// <summary>Throws what ends the generation before its first piece.</summary>
    public static async Task<RunningGeneration> StartAsync(TextGenerator generator, GenerationRequest request, CancellationToken cancellationToken)
    {
        var generation = await generator.StartAsync(request, cancellationToken);
        var running = new RunningGeneration(generation, generation.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken), request);
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

    /// <summary>
    /// The piece that was moved to; each is taken once. An answer to a chat template begins with the white space that the template left to the model,
    /// which is cut off.
    /// </summary>
    public GenerationUpdate Take()
    {
        var update = _updates.Current;
        return _isRaw ? update : _trim.Next(update);
    }

    public ValueTask<bool> MoveNextAsync() => _updates.MoveNextAsync();

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync();
        await _generation.DisposeAsync();
    }
}
