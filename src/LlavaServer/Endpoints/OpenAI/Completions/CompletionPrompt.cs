using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>One prompt as it was written: a text, with pictures where its markers stand, or tokens. Lives as long as the body.</summary>
internal sealed record CompletionPrompt
{
    /// <summary>Null for tokens.</summary>
    public string? Text { get; init; }

    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Base64 of the pictures, in the order of their markers.</summary>
    public IReadOnlyList<JsonField> Pictures { get; init; } = [];

    /// <summary>Where it stands in the request.</summary>
    public required string Path { get; init; }
}
