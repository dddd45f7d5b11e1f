namespace LlavaServer.Endpoints;

/// <summary>
/// Turns failures into a dialect's status, headers and body: the one place of each dialect where that happens. Stateless, thread-safe.
/// </summary>
internal interface IErrorDialect
{
    /// <summary>
    /// Answers a request that failed before its first byte: a <see cref="RequestException"/>, an <see cref="Inference.InferenceException"/>, or anything
    /// else as an internal error whose text says nothing of the exception. Sets <see cref="Logging.RequestRecord.Error"/>.
    /// </summary>
    Task WriteAsync(HttpContext context, Exception failure);
}
