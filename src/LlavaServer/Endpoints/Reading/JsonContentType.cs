namespace LlavaServer.Endpoints.Reading;

/// <summary>What a content type says about a body.</summary>
internal enum JsonContentType
{
    Json,

    /// <summary>JSON if it looks so: no type, plain text, or the form type that <c>curl -d</c> sends.</summary>
    Maybe,

    Other,
}
