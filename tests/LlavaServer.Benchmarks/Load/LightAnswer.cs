namespace LlavaServer.Benchmarks.Load;

/// <summary>What a client saw of one streamed answer. Times are from the sending of the request.</summary>
internal readonly record struct LightAnswer
{
    public required TimeSpan FirstToken { get; init; }

    public required TimeSpan End { get; init; }

    public required int PromptTokens { get; init; }

    public required int CompletionTokens { get; init; }

    /// <summary>Prompt tokens that the server says were cached; -1 when it says nothing.</summary>
    public required int CachedTokens { get; init; }
}
