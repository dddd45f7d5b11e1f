using LlavaServer.Configuration;
using Microsoft.AspNetCore.Connections;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Reads a request body as long as it arrives at a bearable pace: once <c>Limits:BodyGrace</c> has passed, the mean over the last such span must reach
/// <c>Limits:BodyMinBytesPerSecond</c>. Kestrel's own rate limit answers 408, which client libraries send again, so it is off. One reader.
/// </summary>
internal sealed class PacedBody : IDisposable
{
    private const int Buckets = 10;

    private readonly Stream _body;
    private readonly TimeProvider _time;
    private readonly LimitsOptions _limits;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _clientLeft;
    private readonly long[] _bytes = new long[Buckets];
    private ITimer? _timer;
    private int _tick;
    private int _tooSlow;

    public PacedBody(HttpContext context, LimitsOptions limits, TimeProvider time)
    {
        _body = context.Request.Body;
        _limits = limits;
        _time = time;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        _clientLeft = context.RequestAborted;
    }

    /// <summary>Bytes that came over the wire.</summary>
    public long Total { get; private set; }

    /// <summary>Next bytes, 0 at the end. Throws <see cref="RequestException"/> for a body that is too slow or whose framing is broken.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        try
        {
            var read = _body.ReadAsync(destination, _stop.Token);
            if (!read.IsCompleted && _timer is null)
            {
                // Most bodies are here with their headers and need no timer.
                var period = _limits.BodyGrace / Buckets;
                _timer = _time.CreateTimer(static state => ((PacedBody)state!).Judge(), this, period, period);
            }

            var count = await read;
            Total += count;
            Interlocked.Add(ref _bytes[Volatile.Read(ref _tick) % Buckets], count);
            return count;
        }
        catch (OperationCanceledException) when (_tooSlow != 0)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "request_too_slow",
                $"The request body came slower than {_limits.BodyMinBytesPerSecond} bytes a second (Limits:BodyMinBytesPerSecond).")
            {
                BodyIsBroken = true,
            };
        }
        catch (ConnectionResetException exception)
        {
            throw new OperationCanceledException("The client left while sending.", exception, _clientLeft);
        }
        catch (IOException) when (!_clientLeft.IsCancellationRequested)
        {
            // BadHttpRequestException is one too; an oversized chunk size surfaces as a plain one.
            throw new RequestException(StatusCodes.Status400BadRequest, "invalid_json", "The request body is broken: it ends early or its chunks are damaged.")
            {
                BodyIsBroken = true,
            };
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _stop.Dispose();
    }

    private void Judge()
    {
        var tick = _tick + 1;
        if (tick >= Buckets && Sum() < _limits.BodyMinBytesPerSecond * _limits.BodyGrace.TotalSeconds)
        {
            Interlocked.Exchange(ref _tooSlow, 1);
            try
            {
                _stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The body ended while the timer fired.
            }
        }

        Interlocked.Exchange(ref _bytes[tick % Buckets], 0);
        Volatile.Write(ref _tick, tick);
    }

    private long Sum()
    {
        long sum = 0;
        for (var i = 0; i < Buckets; i++)
        {
            sum += Interlocked.Read(ref _bytes[i]);
        }

        return sum;
    }
}
