using System.Buffers;
using System.IO.Pipelines;
using LlavaServer.Configuration;
using Microsoft.AspNetCore.Connections;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Reads a request body as long as it arrives at a bearable pace: once <c>Limits:BodyGrace</c> has passed, the mean over the last such span must reach
/// <c>Limits:BodyMinBytesPerSecond</c>. Kestrel's own rate limit answers 408, which client libraries send again, so it is off. One reader.
/// </summary>
internal sealed class PacedBody(HttpContext context, LimitsOptions limits, TimeProvider time) : IDisposable
{
    private const int Buckets = 10;

    // The pipe, not the stream: a cancelled read of the stream leaves Kestrel unable to read the rest.
    private readonly PipeReader _body = context.Request.BodyReader;
    private readonly long[] _bytes = new long[Buckets];
    private ITimer? _timer;
    private int _tick;
    private volatile bool _isTooSlow;

    /// <summary>Bytes that came over the wire.</summary>
    public long Total { get; private set; }

    /// <summary>Next bytes, 0 at the end. Throws <see cref="RequestException"/> for a body that is too slow or whose framing is broken.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        try
        {
            while (true)
            {
                var result = await NextAsync();
                var piece = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, destination.Length));
                piece.CopyTo(destination.Span);
                var count = (int)piece.Length;
                _body.AdvanceTo(piece.End);
                Total += count;
                Interlocked.Add(ref _bytes[Volatile.Read(ref _tick) % Buckets], count);
                if (_isTooSlow)
                {
                    throw TooSlow();
                }

                if (count > 0 || result.IsCompleted)
                {
                    return count;
                }
            }
        }
        catch (ConnectionResetException exception)
        {
            throw new OperationCanceledException("The client left while sending.", exception, context.RequestAborted);
        }
        catch (IOException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // BadHttpRequestException is one too; an oversized chunk size surfaces as a plain one.
            throw new RequestException(StatusCodes.Status400BadRequest, "invalid_json", "The request body is broken: it ends early or its chunks are damaged.")
            {
                BodyIsBroken = true,
            };
        }
    }

    public void Dispose() => _timer?.Dispose();

    private ValueTask<ReadResult> NextAsync()
    {
        var read = _body.ReadAsync(CancellationToken.None);
        if (!read.IsCompleted && _timer is null)
        {
            // Most bodies are here with their headers and need no timer.
            var period = limits.BodyGrace / Buckets;
            _timer = time.CreateTimer(static state => ((PacedBody)state!).Judge(), this, period, period);
        }

        return read;
    }

    private RequestException TooSlow() => new(
        StatusCodes.Status400BadRequest,
        "request_too_slow",
        $"The request body came slower than {limits.BodyMinBytesPerSecond} bytes a second (Limits:BodyMinBytesPerSecond).")
    {
        BodyIsBroken = true,
    };

    private void Judge()
    {
        var tick = _tick + 1;
        if (tick >= Buckets && Sum() < limits.BodyMinBytesPerSecond * limits.BodyGrace.TotalSeconds)
        {
            _isTooSlow = true;
            _body.CancelPendingRead();
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
