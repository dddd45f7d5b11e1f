using LlavaServer.Endpoints.Documentation;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Routes of Anthropic's dialect.</summary>
internal static class AnthropicEndpoints
{
    private const string Group = "Anthropic";

    private const string Conversation =
        """
        "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"}},{"type":"text","text":"What do you see?"}]}]}
        """;

    private static readonly RequestExample s_message = new("{\"model\":\"llava-mini\",\"max_tokens\":64," + Conversation)
    {
        Members = [.. MessageFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    private static readonly RequestExample s_count = new("{\"model\":\"llava-mini\"," + Conversation) { Members = s_message.Members };

    public static IServiceCollection AddAnthropic(this IServiceCollection services)
    {
        services.AddSingleton<MessageRequestReader>();
        services.AddSingleton<MessagesEndpoint>();
        return services;
    }

    /// <summary>Whether a path belongs to this dialect.</summary>
    public static bool IsAnthropic(PathString path) => path.StartsWithSegments("/v1/messages", StringComparison.OrdinalIgnoreCase);

    /// <summary>The request's id under the name that Anthropic's clients read.</summary>
    public static void SetHeaders(HttpContext context) => context.Response.Headers["request-id"] = RequestRecord.Of(context).RequestId;

    public static IEndpointRouteBuilder MapAnthropic(this IEndpointRouteBuilder routes)
    {
        var v1 = routes.MapGroup("/v1/messages").WithTags(Group);
        v1.MapPost("", static (HttpContext context, MessagesEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Answers a conversation, with pictures, as Anthropic's Messages API; whole, or as server-sent events")
            .WithMetadata(s_message, AnthropicAnswers.Message)
            .Produces(StatusCodes.Status200OK, contentType: "application/json", additionalContentTypes: "text/event-stream")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests);
        v1.MapPost("/count_tokens", static (HttpContext context, MessagesEndpoint endpoint) => endpoint.CountAsync(context))
            .WithSummary("How many tokens a conversation takes, pictures included; generates nothing")
            .WithMetadata(s_count, AnthropicAnswers.Count)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
        return routes;
    }
}
