namespace LlavaServer.Inference.Images;

/// <summary>A number of bytes that holders share; who asks for more than is left waits in order of arrival. Thread-safe.</summary>
internal sealed class ByteBudget(long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Granted)> _waiting = new();
    private long _taken;

    public long Taken
    {
        get
        {
            lock (_lock)
            {
                return _taken;
            }
        }
    }

    /// <summary>Takes bytes if they are there and nobody waits.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_waiting.Count > 0 || _taken + bytes > capacity)
            {
                return false;
            }

            _taken += bytes;
            return true;
        }
    }

    /// <summary>Waits for bytes; more than the whole budget takes all of it. Returns what is to be given back.</summary>
    public async Task<long> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        bytes = Math.Min(bytes, capacity);
        LinkedListNode<(long Bytes, TaskCompletionSource Granted)> node;
        lock (_lock)
        {
            if (_waiting.Count == 0 && _taken + bytes <= capacity)
            {
                _taken += bytes;
                return bytes;
            }

            node = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        await using var registration = cancellationToken.UnsafeRegister(_ => Leave(node, cancellationToken), null).ConfigureAwait(false);
        await node.Value.Granted.Task.ConfigureAwait(false);
        return bytes;
    }

    public void GiveBack(long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            Grant();
        }
    }

    private void Leave(LinkedListNode<(long Bytes, TaskCompletionSource Granted)> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (node.List is not null)
            {
                _waiting.Remove(node);
                node.Value.Granted.SetCanceled(cancellationToken);
                Grant();
            }
        }
    }

    private void Grant()
    {
        while (_waiting.First is { } first && _taken + first.Value.Bytes <= capacity)
        {
            _waiting.RemoveFirst();
            _taken += first.Value.Bytes;
            first.Value.Granted.SetResult();
        }
    }
}
