using System.Text.Json;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>A chat request, read and checked field by field; its pictures are still text of the body. Lives as long as the body.</summary>
internal sealed record ChatCompletionRequest : AnswerRequest
{
    public ChatCompletionRequest(AnswerRequest common)
        : base(common)
    {
    }

    public required IReadOnlyList<RequestMessage> Messages { get; init; }

    /// <summary>How the prompt ends behind the messages.</summary>
    public PromptEnding Ending { get; init; } = PromptEnding.Answer;

    /// <summary>Values of the chat template's own variables.</summary>
    public IReadOnlyDictionary<string, JsonElement> TemplateVariables { get; init; } = PromptVariables.None;

    /// <summary>One of them by <c>reasoning_effort</c>.</summary>
    public bool SwitchesThinkingOff { get; init; }

    /// <summary>What the model thinks stays part of its text.</summary>
    public bool KeepsThinkingInText { get; init; }

    public RequestTools Tools { get; init; } = new();
}
