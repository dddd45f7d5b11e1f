using LlavaServer.Inference.Thinking;
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
    private readonly ThinkReader?[] _thoughts = [.. sequences.Select(static s => s.Request.Thinking is { } plan ? new ThinkReader(plan) : null)];
    private readonly Queue<GenerationUpdate> _read = new();
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
            while (_read.TryDequeue(out var piece))
            {
                if (See(piece) is { } seen)
                {
                    return seen;
                }
            }

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
                if (_thoughts[choice] is { } thoughts)
                {
                    thoughts.Read(update, _read);
                    if (_read.Count > 0)
                    {
                        break;
                    }
                }
                else if (See(update) is { } seen)
                {
                    return seen;
                }
            }

            if (_read.Count == 0)
            {
                await signal.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // An update as a caller sees it; null when it is held back.
    private GenerationUpdate? See(GenerationUpdate update)
    {
        if (update.FinishReason is not null)
        {
            _isEnded[update.Choice] = true;
            _endedCount++;
        }

        return _calls[update.Choice] is { } calls && update.Thinking.Length == 0 ? calls.Read(update) : update;
    }
}
