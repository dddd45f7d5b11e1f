using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// <c>truncation</c> auto: leaves the oldest turns of a conversation out until it fits, never a system message and never the last turn. A turn begins
/// with a user's message, so a call keeps its result.
/// </summary>
internal static class OldestTurns
{
    /// <summary>
    /// The request with as few turns less as possible, or with the last alone, whether that fits or not. Waits for the model to be in memory, at most
    /// <c>Pool:LoadWait</c>.
    /// </summary>
    public static async Task<GenerationRequest> LeaveOutAsync(TextGenerator generator, GenerationRequest request, CancellationToken cancellationToken)
    {
        if (await FitsAsync(generator, request, cancellationToken))
        {
            return request;
        }

        var starts = Starts(request.Messages);
        var (fewest, most) = (0, starts.Count - 1);
        while (fewest < most)
        {
            var middle = (fewest + most) / 2;
            (fewest, most) = await FitsAsync(generator, From(request, starts[middle]), cancellationToken) ? (fewest, middle) : (middle + 1, most);
        }

        return starts.Count == 0 ? request : From(request, starts[fewest]);
    }

    private static async Task<bool> FitsAsync(TextGenerator generator, GenerationRequest request, CancellationToken cancellationToken)
    {
        var size = await generator.CountAsync(request with { BoundsLoad = true }, cancellationToken);
        return size.Tokens < size.ContextLength;
    }

    /// <summary>Where every turn but the first begins.</summary>
    private static List<int> Starts(IReadOnlyList<ChatMessage> messages)
    {
        var starts = new List<int>();
        for (var (i, isFirst) = (0, true); i < messages.Count; i++)
        {
            if (messages[i].Role == ChatRole.User && !isFirst)
            {
                starts.Add(i);
            }

            isFirst &= messages[i].Role == ChatRole.System;
        }

        return starts;
    }

    private static GenerationRequest From(GenerationRequest request, int start) =>
        request with { Messages = [.. request.Messages.Where((message, index) => index >= start || message.Role == ChatRole.System)] };
}
