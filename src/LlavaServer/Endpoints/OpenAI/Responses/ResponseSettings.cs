using System.Text.Json;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>What a response object repeats of its request. Immutable, independent of the body.</summary>
internal sealed record ResponseSettings
{
    public string? Instructions { get; init; }

    /// <summary>Null is the rest of the context.</summary>
    public int? MaxOutputTokens { get; init; }

    public bool AllowsParallelCalls { get; init; } = true;

    public required double Temperature { get; init; }

    public required double TopP { get; init; }

    public int TopLogProbabilities { get; init; }

    /// <summary>The member <c>text.format</c>; null is text.</summary>
    public JsonElement? Format { get; init; }

    /// <summary>Null is auto.</summary>
    public JsonElement? ToolChoice { get; init; }

    /// <summary>The functions of the request, each in the form of inference.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>The oldest turns of a conversation that is too long are left out.</summary>
    public bool Truncates { get; init; }

    /// <summary>An object of texts; null is an empty one.</summary>
    public JsonElement? Metadata { get; init; }
}
