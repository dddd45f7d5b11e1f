using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Whether a request has its model think: one that can does, unless the caller does not want it or the answer has a form.</summary>
internal static class OllamaThinking
{
    /// <param name="request">With its format read.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="isConversation">The model's template writes the prompt.</param>
    public static T In<T>(T request, ModelEntry model, bool isConversation)
        where T : OllamaRequest
    {
        if (model.Thinks is null || !isConversation || request.SwitchesThinkingOff)
        {
            return request;
        }

        // Thoughts have no form, and an answer with one is held to it from its first token on.
        return request.Format is null ? request with { Thinks = model.Thinks } : request with { SwitchesThinkingOff = true, Ignored = [.. request.Ignored, "think"] };
    }
}
