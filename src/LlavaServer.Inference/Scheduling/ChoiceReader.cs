using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Reads the answers of one request as they come, in turns, so that each is read as long as another has text too. Owned by the request.
/// </summary>
/// <param name="sequences">The answers; several of them share the signal.</param>
/// <param name="signal">Set when one of them has something to read.</param>
internal sealed class ChoiceReader(IReadOnlyList<Sequence> sequences, OutputSignal signal)
{
    private readonly ToolCallReader?[] _calls = [.. sequences.Select(static s => s.Request.Calls is { } plan ? new ToolCallReader(plan) : null)];
    private readonly bool[] _isEnded = new bool[sequences.Count];
    private int _endedCount;
    private int _next;

    /// <summary>Whether every answer was read to its end.</summary>
    public bool IsEnded => _endedCount == _isEnded.Length;

    /// <summary>The next piece of any answer; see <see cref="OutputBuffer.ReadAsync"/>.</summary>
    public async ValueTask<GenerationUpdate> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            for (var empty = 0; empty < _isEnded.Length;)
            {
                var choice = _next;
                _next = (_next + 1) % _isEnded.Length;
                if (_isEnded[choice] || !sequences[choice].Output.TryRead(out var update))
                {
                    empty++;
                    continue;
                }

                empty = 0;
                if (update.FinishReason is not null)
                {
                    _isEnded[choice] = true;
                    _endedCount++;
                }

                if (_calls[choice] is not { } calls)
                {
                    return update;
                }

                if (calls.Read(update) is { } read)
                {
                    return read;
                }
            }

            await signal.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
