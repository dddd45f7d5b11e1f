using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// The answers of one request on their way, side by side: one generation for every prompt, with all its choices. All are in the queue before the first is
/// read. Owned by the request.
/// </summary>
internal sealed class RunningAnswers : IAsyncDisposable
{
    /// <summary>Pieces read ahead of the client over all answers.</summary>
    private const int ReadAhead = 64;

    private readonly List<Generation> _generations = [];

    private readonly int _choices;

    private RunningAnswers(int choices) => _choices = choices;

    /// <summary>The answer that a place in the queue and progress are told of.</summary>
    public Generation First => _generations[0];

    /// <summary>Starts all answers; if one is refused, none runs.</summary>
    public static async Task<RunningAnswers> StartAsync(
        TextGenerator generator, IReadOnlyList<GenerationRequest> requests, int choices, CancellationToken cancellationToken)
    {
        var answers = new RunningAnswers(choices);
        try
        {
            foreach (var request in requests)
            {
                answers._generations.Add(await generator.StartAsync(request with { Choices = choices }, cancellationToken));
            }

            return answers;
        }
        catch
        {
            await answers.DisposeAsync();
            throw;
        }
    }

    /// <summary>The pieces of all answers as they come, each with its choice; the first failure ends all.</summary>
    public IAsyncEnumerable<GenerationUpdate> ReadAllAsync(CancellationToken cancellationToken) =>
        _generations.Count == 1 ? First.ReadAllAsync(cancellationToken) : MergeAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var generation in _generations)
        {
            await generation.DisposeAsync();
        }
    }

    private async IAsyncEnumerable<GenerationUpdate> MergeAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var merged = Channel.CreateBounded<GenerationUpdate>(ReadAhead);
        var pumps = Task.WhenAll(_generations.Select((generation, prompt) => PumpAsync(generation, prompt * _choices, merged.Writer, leaving.Token)));
        _ = pumps.ContinueWith(_ => merged.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (var update in merged.Reader.ReadAllAsync(cancellationToken))
            {
                yield return update;
            }
        }
        finally
        {
            await leaving.CancelAsync();
            await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task PumpAsync(Generation generation, int first, ChannelWriter<GenerationUpdate> output, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var update in generation.ReadAllAsync(cancellationToken))
            {
                await output.WriteAsync(update with { Choice = first + update.Choice }, cancellationToken);
            }
        }
        catch (Exception failure)
        {
            output.TryComplete(failure);
        }
    }
}
