namespace LlavaServer.Endpoints.OpenAI;

/// <summary>A chat request, read and checked field by field; its pictures are still text of the body. Lives as long as the body.</summary>
internal sealed record ChatCompletionRequest : AnswerRequest
{
    public ChatCompletionRequest(AnswerRequest common)
        : base(common)
    {
    }

    public required IReadOnlyList<RequestMessage> Messages { get; init; }

    public bool ContinuesFinalMessage { get; init; }
}
