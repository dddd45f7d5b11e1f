using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Whether a request has its model think: one that can does, unless the caller does not want it.</summary>
internal static class OllamaThinking
{
    /// <param name="request">What the caller asked for.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="isConversation">The model's template writes the prompt.</param>
    public static T In<T>(T request, ModelEntry model, bool isConversation)
        where T : OllamaRequest
    {
        if (model.Thinks is null)
        {
            return request;
        }

        var ignored = request.Ignored.Where(static name => name != OllamaRequestReader.ThinkingOfMessages).ToList();
        return request with { Ignored = ignored, Thinks = isConversation && !request.SwitchesThinkingOff ? model.Thinks : null };
    }
}
