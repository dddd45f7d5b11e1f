namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The way of an answer from the scheduler thread to the one reader of its request: the text of one token after another, then the end or a failure.
/// A reader that is late still gets every token's text as a piece of its own. Bounded: a sequence pauses from a full buffer until half of it was
/// read. Writing allocates only when more waits than ever before, and for what a caller wants to know about each piece.
/// </summary>
internal sealed class OutputBuffer
{
    /// <summary>Characters that may wait: 64 KiB of UTF-16.</summary>
    public const int Capacity = 32 * 1024;

    /// <summary>Pieces that may wait with something told about each: some 2 KiB with twenty alternatives of a token.</summary>
    public const int DetailCapacity = 2048;

    // The token that fills the buffer still has to go in.
    private const int LargestUsual = Capacity + 256;

    private readonly Lock _lock = new();
    private readonly Action _drained;
    private readonly OutputSignal _signal;
    private readonly int _choice;

    // Waiting text lies between start and end; the last character of each piece is marked.
    private char[] _text = new char[256];
    private bool[] _isLastOfPiece = new bool[256];
    private int _start;
    private int _end;
    private bool _isFull;
    private Queue<GenerationUpdate>? _details;
    private GenerationUpdate? _last;
    private InferenceException? _failure;

    /// <param name="drained">Called on the reader's thread when a full buffer has room again.</param>
    /// <param name="choice">Which answer of its request this is.</param>
    /// <param name="signal">Set when there is something to read; shared with the other answers of the request, or null if there are none.</param>
    public OutputBuffer(Action drained, int choice = 0, OutputSignal? signal = null)
    {
        _drained = drained;
        _choice = choice;
        _signal = signal ?? new OutputSignal();
    }

    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _isFull;
            }
        }
    }

    /// <summary>Adds the text of one token; nothing if it is empty.</summary>
    /// <param name="text">Whole characters.</param>
    /// <param name="details">What is told about the piece beside its text; for all pieces of an answer or for none.</param>
    public void Write(ReadOnlySpan<char> text, GenerationUpdate? details = null)
    {
        if (text.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            MakeRoom(text.Length);
            text.CopyTo(_text.AsSpan(_end));
            _isLastOfPiece.AsSpan(_end, text.Length).Clear();
            _end += text.Length;
            _isLastOfPiece[_end - 1] = true;
            _isFull |= _end - _start >= Capacity;
            if (details is not null)
            {
                (_details ??= []).Enqueue(details);
                _isFull |= _details.Count >= DetailCapacity;
            }
        }

        _signal.Set();
    }

    /// <summary>Ends the answer. <paramref name="last"/> has no text of its own.</summary>
    public void Complete(GenerationUpdate last)
    {
        lock (_lock)
        {
            _last ??= last with { Choice = _choice };
        }

        _signal.Set();
    }

    public void Fail(InferenceException failure)
    {
        lock (_lock)
        {
            _failure ??= failure;
        }

        _signal.Set();
    }

    /// <summary>
    /// The next token's text; after all text an update without text, with the finish reason, is the last. Throws the failure after all text before it
    /// was read.
    /// </summary>
    public async ValueTask<GenerationUpdate> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryRead(out var update))
            {
                return update;
            }

            await _signal.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="ReadAsync"/>; false when nothing is there.</summary>
    public bool TryRead(out GenerationUpdate update)
    {
        var isDrained = false;
        lock (_lock)
        {
            if (_start == _end)
            {
                if (_last is null && _failure is not null)
                {
                    throw new InferenceException(_failure.Error, _failure.Message, _failure) { RetryAfter = _failure.RetryAfter };
                }

                update = _last!;
                return _last is not null;
            }

            var length = _isLastOfPiece.AsSpan(_start, _end - _start).IndexOf(true) + 1;
            var text = new string(_text, _start, length);
            update = _details?.Dequeue() is { } details ? details with { Choice = _choice, Text = text } : new GenerationUpdate { Choice = _choice, Text = text };
            _start += length;
            if (_isFull && _end - _start <= Capacity / 2 && (_details is null || _details.Count <= DetailCapacity / 2))
            {
                _isFull = false;
                isDrained = true;
            }
        }

        if (isDrained)
        {
            _drained();
        }

        return true;
    }

    private void MakeRoom(int length)
    {
        if (_end + length <= _text.Length)
        {
            return;
        }

        var waiting = _end - _start;
        var (text, marks) = (_text, _isLastOfPiece);
        var size = Math.Max(Math.Min(_text.Length * 2, LargestUsual), waiting + length);
        if (waiting + length > _text.Length / 2 && size > _text.Length)
        {
            (_text, _isLastOfPiece) = (new char[size], new bool[size]);
        }

        text.AsSpan(_start, waiting).CopyTo(_text);
        marks.AsSpan(_start, waiting).CopyTo(_isLastOfPiece);
        (_start, _end) = (0, waiting);
    }
}
