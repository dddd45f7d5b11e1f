namespace LlavaServer.Endpoints.Reading;

/// <summary>How a dialect reads bodies, where the two differ. Immutable; one instance per dialect.</summary>
internal sealed record JsonBodyRules
{
    /// <summary>JSON is read whatever the content type says.</summary>
    public bool AnyContentType { get; init; }

    /// <summary>Bytes behind the first JSON value are ignored instead of refused.</summary>
    public bool IgnoresTrailingBytes { get; init; }

    /// <summary>Members are found whatever their case; the last one wins.</summary>
    public bool IgnoresCase { get; init; }

    /// <summary>Text of the refusal of a request without a body.</summary>
    public string EmptyBodyMessage { get; init; } = "The request body is empty; a JSON object is expected.";
}
