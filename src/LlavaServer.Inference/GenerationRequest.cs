using System.Text.Json;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference;

/// <summary>What a caller wants generated, neutral between the HTTP dialects. Immutable.</summary>
public sealed record GenerationRequest
{
    /// <summary>Name of a model as the caller wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>The conversation; empty when <see cref="RawPrompt"/> is set.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Tools that the model may call, each an object of type function as in the OpenAI API.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>A prompt that no template is applied to; pictures go in front of it.</summary>
    public MessagePart[]? RawPrompt { get; init; }

    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>Tokens of the answer at most; null is the rest of the context.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Positions of the sequence at most (Ollama's <c>num_ctx</c>); null is the slot's context length.</summary>
    public int? ContextLength { get; init; }
}
