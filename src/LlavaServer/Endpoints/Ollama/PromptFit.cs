using System.Text;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// What Ollama does with a prompt that does not fit: a picture's request gets the context it needs in spite of <c>num_ctx</c>, then what came
/// before the conversation is cut at its beginning and the oldest messages are dropped, never system messages, never the last one.
/// </summary>
internal static class PromptFit
{
    /// <summary>Room for an answer that is kept free behind a prompt with pictures.</summary>
    private const int AnswerTokens = 512;

    /// <summary>Tokens that a template writes around a message at most, with room to spare.</summary>
    private const int TokensAroundMessage = 8;

    /// <summary>The next request to try, or null if nothing can be dropped.</summary>
    public static GenerationRequest? Shorten(GenerationRequest request, InferenceException failure, bool mayDrop)
    {
        if (request.ContextLength is { } context && failure.PromptTokens is { } needed && HasImages(request))
        {
            var wanted = needed + Math.Min(request.MaxTokens ?? AnswerTokens, AnswerTokens) + 1;
            if (wanted > context)
            {
                return request with { ContextLength = wanted };
            }
        }

        if (mayDrop && request.Before is { Count: > 0 } before)
        {
            return request with { Before = [.. before.Skip(TooMany(failure))] };
        }

        return mayDrop && DropOldest(request.Messages, TooMany(failure)) is { } messages ? request with { Messages = messages } : null;
    }

    /// <summary>Drops as few messages as could possibly free that many tokens, at least one: a byte of text is one token at most.</summary>
    internal static IReadOnlyList<ChatMessage>? DropOldest(IReadOnlyList<ChatMessage> messages, int tokens)
    {
        var kept = new List<ChatMessage>(messages.Count);
        long freed = 0;
        for (var i = 0; i < messages.Count; i++)
        {
            if (freed >= tokens || messages[i].Role == ChatRole.System || i == messages.Count - 1)
            {
                kept.Add(messages[i]);
            }
            else
            {
                freed += MostTokens(messages[i]);
            }
        }

        return kept.Count < messages.Count ? kept : null;
    }

    private static int TooMany(InferenceException failure) =>
        failure is { PromptTokens: { } prompt, ContextLength: { } context } ? Math.Max(1, prompt - context + 1) : 1;

    private static long MostTokens(ChatMessage message)
    {
        long tokens = TokensAroundMessage;
        foreach (var part in message.Parts)
        {
            // How many rows a picture takes is not known here; more than enough makes the next try tell.
            tokens += part.Text is { } text ? Encoding.UTF8.GetByteCount(text) : int.MaxValue;
        }

        return tokens;
    }

    private static bool HasImages(GenerationRequest request) =>
        request.Messages.Any(static message => message.Parts.Any(static part => part.ImageBytes is not null))
        || ((request.RawPrompt ?? request.WrittenPrompt)?.Any(static part => part.ImageBytes is not null) ?? false);
}
