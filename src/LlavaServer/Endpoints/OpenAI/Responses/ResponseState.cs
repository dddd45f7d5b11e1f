using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>What is different between the objects of one response.</summary>
/// <param name="Status">How far it is.</param>
/// <param name="Items">Its output.</param>
internal readonly record struct ResponseState(ResponseStatus Status, IReadOnlyList<ResponseItem> Items)
{
    /// <summary>Unix seconds; null unless it is completed.</summary>
    public long? CompletedAt { get; init; }

    /// <summary>Null until it is done.</summary>
    public UsageDetails? Usage { get; init; }

    /// <summary>Why it failed.</summary>
    public OpenAIError? Error { get; init; }
}
