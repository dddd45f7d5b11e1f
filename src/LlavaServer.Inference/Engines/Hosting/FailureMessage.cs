namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>An <see cref="InferenceException"/> of the engine process.</summary>
/// <param name="Error">Its cause.</param>
/// <param name="Message">Its sentence for callers.</param>
/// <param name="IsTransient">Whether it came from a disk or network share that may be well again in a moment.</param>
internal sealed record FailureMessage(InferenceError Error, string Message, bool IsTransient)
{
    private const int LongestMessage = 2000;

    public static FailureMessage Of(InferenceException exception) => new(
        exception.Error,
        exception.Message.Length > LongestMessage ? exception.Message[..LongestMessage] : exception.Message,
        exception.InnerException is IOException and not (FileNotFoundException or DirectoryNotFoundException));

    /// <summary>The exception again. Throws <see cref="EngineProtocolException"/> when it is none.</summary>
    public InferenceException ToException()
    {
        if (!Enum.IsDefined(Error) || Message is null || Message.Length is 0 or > LongestMessage || Message.Any(char.IsControl))
        {
            throw new EngineProtocolException("a failure without a proper cause and sentence");
        }

        return IsTransient ? new InferenceException(Error, Message, new IOException(Message)) : new InferenceException(Error, Message);
    }
}
