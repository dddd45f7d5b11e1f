namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>A responses request, read and checked field by field. Lives as long as the body.</summary>
/// <param name="Chat">The same in the words of chat, which is what it becomes.</param>
/// <param name="Settings">What the answer repeats; outlives the body.</param>
internal sealed record ResponseRequest(ChatCompletionRequest Chat, ResponseSettings Settings)
{
    /// <summary>Names of all fields that change nothing.</summary>
    /// <param name="reads">Whether the model's template reads a variable.</param>
    public IReadOnlyList<string> WithoutEffect(Func<string, bool> reads) =>
        [.. Chat.IgnoredFields, .. TemplateFields.WithoutEffect(Chat, reads).Select(static name => name == "reasoning_effort" ? "reasoning" : name)];
}
