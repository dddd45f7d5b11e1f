using System.Threading.Channels;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The way of an answer from the scheduler thread to the one reader of its request: text that was not read yet, then the end or a failure. Bounded:
/// a sequence pauses while the buffer is full. Text that piles up is read as one piece.
/// </summary>
internal sealed class OutputBuffer
{
    /// <summary>Characters that may wait: 64 KiB of UTF-16.</summary>
    public const int Capacity = 32 * 1024;

    private readonly Lock _lock = new();
    private readonly Action _drained;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private char[] _text = new char[256];
    private int _length;
    private GenerationUpdate? _last;
    private InferenceException? _failure;

    /// <param name="drained">Called on the reader's thread when a full buffer has room again.</param>
    public OutputBuffer(Action drained) => _drained = drained;

    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _length >= Capacity;
            }
        }
    }

    public void Write(ReadOnlySpan<char> text)
    {
        lock (_lock)
        {
            if (_length + text.Length > _text.Length)
            {
                Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + text.Length));
            }

            text.CopyTo(_text.AsSpan(_length));
            _length += text.Length;
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Ends the answer. <paramref name="last"/> has no text of its own.</summary>
    public void Complete(GenerationUpdate last)
    {
        lock (_lock)
        {
            _last ??= last;
        }

        _signal.Writer.TryWrite(true);
    }

    public void Fail(InferenceException failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>The next piece; the piece with a finish reason is the last. Throws the failure after all text before it was read.</summary>
    public async ValueTask<GenerationUpdate> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryRead(out var update))
            {
                return update;
            }

            await _signal.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private bool TryRead(out GenerationUpdate update)
    {
        bool wasFull;
        string text;
        lock (_lock)
        {
            wasFull = _length >= Capacity;
            text = new string(_text, 0, _length);
            _length = 0;
            if (text.Length == 0 && _last is null && _failure is not null)
            {
                throw new InferenceException(_failure.Error, _failure.Message, _failure) { RetryAfter = _failure.RetryAfter };
            }

            if (text.Length == 0 && _last is null)
            {
                update = null!;
                return false;
            }

            update = _last is null ? new GenerationUpdate { Text = text } : _last with { Text = text };
        }

        if (wasFull)
        {
            _drained();
        }

        return true;
    }
}
