using System.Threading.Channels;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The bounded way from request threads to one scheduler. A place is reserved before any work is done for a request, so a sequence with a place always
/// finds room. Thread-safe.
/// </summary>
/// <param name="places">Those of the model, shared by all its schedulers.</param>
internal sealed class RequestQueue(QueuePlaces places)
{
    private readonly Channel<Sequence> _channel = Channel.CreateBounded<Sequence>(new BoundedChannelOptions(places.PlaceCount));
    private readonly object _wake = new();
    private bool _isWoken;

    public ChannelReader<Sequence> Sequences => _channel.Reader;

    /// <summary>Of the model, all its engines together.</summary>
    public (int Running, int Waiting, int Slots) Counts => places.Counts;

    /// <summary>When a refused caller may come again.</summary>
    public TimeSpan RetryAfter => places.RetryAfter;

    /// <summary>Hands a sequence with a place to the scheduler.</summary>
    public void Enqueue(Sequence sequence)
    {
        while (!_channel.Writer.TryWrite(sequence))
        {
            // Only cancelled sequences, whose places are free again, can fill the channel: the oldest one goes.
            if (_channel.Reader.TryRead(out var oldest) && !oldest.IsCancelled)
            {
                Enqueue(oldest);
            }
        }

        Wake();
    }

    /// <summary>Makes the scheduler look around.</summary>
    public void Wake()
    {
        lock (_wake)
        {
            _isWoken = true;
            Monitor.Pulse(_wake);
        }
    }

    /// <summary>Waits, on the scheduler thread, until something happened.</summary>
    public void Wait(TimeSpan timeout)
    {
        lock (_wake)
        {
            if (!_isWoken)
            {
                Monitor.Wait(_wake, timeout);
            }

            _isWoken = false;
        }
    }
}
