namespace LlavaServer.Endpoints;

/// <summary>
/// A request that is refused before it reaches the engine. Each dialect writes it in its own form. The message is for the caller: fixed sentences with
/// our names and numbers.
/// </summary>
internal sealed class RequestException : Exception
{
    public RequestException(int status, string code, string message, string? parameter = null)
        : base(message)
    {
        Status = status;
        Code = code;
        Parameter = parameter;
    }

    /// <summary>HTTP status in the OpenAI dialect; a client error unless the server is shutting down.</summary>
    public int Status { get; }

    /// <summary>OpenAI's <c>error.code</c>.</summary>
    public string Code { get; }

    /// <summary>JSON path of the offending value, for example <c>messages[0].role</c>.</summary>
    public string? Parameter { get; }

    /// <summary>What is left of the request's body cannot be read: it is too slow or its framing is broken. The connection ends with the answer.</summary>
    public bool BodyIsBroken { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public static RequestException InvalidJson(string message) => new(StatusCodes.Status400BadRequest, "invalid_json", message);

    public static RequestException InvalidType(string path, string expected, string actual) =>
        new(StatusCodes.Status400BadRequest, "invalid_type", $"Invalid type for '{path}': expected {expected}, got {actual}.", path);

    public static RequestException InvalidValue(string path, string message) =>
        new(StatusCodes.Status400BadRequest, "invalid_value", message, path);

    public static RequestException Missing(string path) =>
        new(StatusCodes.Status400BadRequest, "missing_required_parameter", $"Missing required parameter: '{path}'.", path);

    public static RequestException Unsupported(string path, string message) =>
        new(StatusCodes.Status400BadRequest, "unsupported_parameter", message, path);
}
