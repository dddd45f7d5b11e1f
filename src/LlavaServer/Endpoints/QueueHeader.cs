using System.Globalization;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints;

/// <summary>The response header <c>llava-queue-position</c>: the request's turn when it came in, 1 is next; none when there was a slot for it.</summary>
internal static class QueueHeader
{
    public const string Name = "llava-queue-position";

    public static void Set(HttpContext context, Generation generation)
    {
        if (generation.PositionAtStart > 0 && !context.Response.HasStarted)
        {
            context.Response.Headers[Name] = generation.PositionAtStart.ToString(CultureInfo.InvariantCulture);
        }
    }
}
