namespace LlavaServer.Inference.Scheduling;

/// <summary>The texts of refusals by a queue, each naming limit and setting.</summary>
internal static class QueueErrors
{
    public static InferenceException Full(int maxQueue, TimeSpan retryAfter) => new(
        InferenceError.QueueFull, $"The server is busy: {maxQueue} requests are waiting (Queue:MaxQueue). Try again in {Seconds(retryAfter)}.")
    {
        RetryAfter = retryAfter,
    };

    public static InferenceException WaitedTooLong(TimeSpan maxWait, TimeSpan retryAfter) => new(
        InferenceError.QueueFull,
        $"The server is busy: the request waited longer than {maxWait.TotalSeconds:0.###} s (Queue:MaxWait). Try again in {Seconds(retryAfter)}.")
    {
        RetryAfter = retryAfter,
    };

    public static InferenceException BytesFull(long bytes, TimeSpan retryAfter) => new(
        InferenceError.QueueFull,
        $"The server is busy: waiting requests of the model hold {bytes} bytes (Queue:Bytes). Try again in {Seconds(retryAfter)}.")
    {
        RetryAfter = retryAfter,
    };

    public static InferenceException PicturesFull(long imageBytes, TimeSpan retryAfter) => new(
        InferenceError.QueueFull,
        $"The server is busy: waiting requests hold {imageBytes} bytes of pictures (Queue:ImageBytes). Try again in {Seconds(retryAfter)}.")
    {
        RetryAfter = retryAfter,
    };

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0} s";
}
