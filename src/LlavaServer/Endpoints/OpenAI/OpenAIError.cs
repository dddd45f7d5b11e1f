namespace LlavaServer.Endpoints.OpenAI;

/// <summary>OpenAI's error object with its HTTP status. Immutable.</summary>
internal sealed record OpenAIError(int Status, string Type, string? Code, string Message, string? Parameter = null)
{
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same input would fail again, so clients that understand <c>x-should-retry</c> are told not to.</summary>
    public bool IsPermanent { get; init; }

    public int? PromptTokens { get; init; }

    /// <summary>How many of <see cref="PromptTokens"/> are rows of pictures; written when there are any.</summary>
    public int? ImageTokens { get; init; }

    public int? ContextLength { get; init; }
}
