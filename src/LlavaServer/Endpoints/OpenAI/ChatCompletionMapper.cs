using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Makes the neutral request of a chat request. Singleton, thread-safe.</summary>
internal sealed class ChatCompletionMapper(RequestImages images, LogitBias logitBias)
{
    /// <param name="request">The request; its body is not disposed before the result is there.</param>
    /// <param name="model">The model that answers.</param>
    /// <param name="record">Counts pictures.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves: downloads end.</param>
    public async Task<GenerationRequest> MapAsync(
        ChatCompletionRequest request, ModelEntry model, RequestRecord record, CancellationToken cancellationToken)
    {
        var parts = await images.ReadAsync([.. request.Messages.Select(static message => message.Parts)], model, record, cancellationToken);
        var neutral = new GenerationRequest
        {
            Model = model.Name,
            Messages = [.. request.Messages.Zip(parts, Map)],
            Ending = request.Ending,
            TemplateVariables = request.TemplateVariables,
            Thinking = IsThinkingOff(request) ? null : model.Thinks,
            Tools = [.. request.Tools.Tools.Select(static tool => tool.Tool)],
            ToolSchemaPaths = [.. request.Tools.Tools.Select(static tool => tool.SchemaPath)],
            ToolChoice = request.Tools.Choice,
            AllowsParallelToolCalls = request.Tools.AllowsParallelCalls,
        };
        return request.ApplyTo(neutral) with { Sampling = logitBias.Apply(request, model) };
    }

    private static bool IsThinkingOff(ChatCompletionRequest request) =>
        request.KeepsThinkingInText || (request.TemplateVariables.TryGetValue(PromptVariables.Thinking, out var thinking) && thinking.ValueKind == JsonValueKind.False);

    private static ChatMessage Map(RequestMessage message, MessagePart[] parts) => new(message.Role, parts)
    {
        Thinking = message.Thinking,
        ToolCalls = message.ToolCalls,
        ToolCallId = message.ToolCallId,
        ToolName = message.ToolName,
    };
}
