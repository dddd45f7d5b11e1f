using LlavaServer.Inference.Images;

namespace LlavaServer.Inference;

/// <summary>
/// An expected failure, on its way to the caller. The message is written for the caller: fixed sentences with our names and numbers, no path, no
/// type name, no text of another user.
/// </summary>
public sealed class InferenceException : Exception
{
    public InferenceException(InferenceError error, string message)
        : base(message) => Error = error;

    public InferenceException(InferenceError error, string message, Exception innerException)
        : base(message, innerException) => Error = error;

    public InferenceError Error { get; }

    /// <summary>Where in the request the cause stands, for example <c>messages[0].content[1].image_url.url</c>; null if nowhere.</summary>
    public string? Parameter { get; init; }

    public ImageError? ImageError { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same request would fail again for as long as the server is as it is.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>The engine is gone, not only the call that failed: it has to be loaded again.</summary>
    public bool EngineDied { get; init; }

    public int? PromptTokens { get; init; }

    /// <summary>How many of <see cref="PromptTokens"/> are rows of pictures.</summary>
    public int? ImageTokens { get; init; }

    public int? ContextLength { get; init; }
}
