namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Reads and discards what a refused request still sends, so that its sender sees the answer instead of a reset (which client libraries answer by
/// sending everything again). Bounded: 256 MiB or 10 s.
/// </summary>
internal static class RequestDrain
{
    private const long MaxBytes = 256L << 20;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>True when the body was read to its end, so that the connection can carry another request.</summary>
    public static async Task<bool> RunAsync(HttpContext context, TimeProvider time)
    {
        if (!HasBody(context))
        {
            return true;
        }

        // A client that waits for "100 Continue" has sent nothing yet, and reading would ask for it.
        if (context.Request.Headers.Expect.Count > 0)
        {
            return false;
        }

        var body = context.Request.BodyReader;
        await using var deadline = time.CreateTimer(_ => body.CancelPendingRead(), null, MaxTime, Timeout.InfiniteTimeSpan);
        try
        {
            for (long total = 0; total < MaxBytes;)
            {
                var result = await body.ReadAsync(CancellationToken.None);
                total += result.Buffer.Length;
                body.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled)
                {
                    return result.IsCompleted;
                }
            }
        }
        catch (IOException)
        {
            // Broken: the answer is written all the same and the connection closed.
        }

        return false;
    }

    private static bool HasBody(HttpContext context) =>
        context.Request.ContentLength is > 0 || context.Request.Headers.TransferEncoding.Count > 0;
}
