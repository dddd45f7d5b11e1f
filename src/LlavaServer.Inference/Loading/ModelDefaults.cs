using System.Text.Json;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Loading;

/// <summary>What a model from the store brings along beside its weights; a request overrides it. Immutable.</summary>
public sealed record ModelDefaults
{
    /// <summary>In front of every conversation that does not begin with a system text; empty is none.</summary>
    public string System { get; init; } = "";

    /// <summary>Example messages that every conversation begins with.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Ollama's options by their names, as the model has them; null is none.</summary>
    public JsonElement? Options { get; init; }

    /// <summary>Text of the Go template, or null.</summary>
    public string? Template { get; init; }

    /// <summary>How tokens are picked when the request of a dialect other than Ollama's, which has defaults of its own, says nothing.</summary>
    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>Texts that end an answer when the request names none.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Positions of a sequence when the request says nothing; null is as the server has it.</summary>
    public int? ContextLength { get; init; }

    /// <summary>The request with what it leaves open filled in: stop texts, context, and in front of a conversation system text and examples.</summary>
    internal GenerationRequest Complete(GenerationRequest request)
    {
        var completed = request.Stop.Count == 0 && Stop.Count > 0 ? request with { Stop = Stop } : request;
        if (completed.ContextLength is null && ContextLength is { } context)
        {
            completed = completed with { ContextLength = context };
        }

        if (!request.IsConversation || (System.Length == 0 && Messages.Count == 0))
        {
            return completed;
        }

        ChatMessage[] own = request.Messages.TakeWhile(static message => message.Role == ChatRole.System).ToArray();
        var system = own.Length > 0 ? own : System.Length > 0 ? [new ChatMessage(ChatRole.System, [MessagePart.FromText(System)])] : [];
        IReadOnlyList<ChatMessage> examples = request.Before is null ? Messages : [];
        return completed with { Messages = [.. system, .. examples, .. request.Messages.Skip(own.Length)] };
    }
}
