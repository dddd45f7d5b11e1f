using LlavaServer.Endpoints.Documentation;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Routes of the OpenAI dialect, each with and without <c>/v1</c>: many users leave it out of the base address.</summary>
internal static class OpenAIEndpoints
{
    private const string Group = "OpenAI";

    private const string Example =
        """{"model":"llava-mini","stream":false,"messages":[{"role":"user","content":[{"type":"text","text":"What do you see?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"}}]}]}""";

    private static readonly RequestExample s_chat = new(Example)
    {
        Members = [.. ChatFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    public static IServiceCollection AddOpenAI(this IServiceCollection services)
    {
        services.AddSingleton<ChatRequestReader>();
        services.AddSingleton<ChatCompletionMapper>();
        services.AddSingleton<ChatCompletionsEndpoint>();
        services.AddSingleton<ModelSelector>();
        services.AddSingleton<ModelsEndpoint>();
        return services;
    }

    public static IEndpointRouteBuilder MapOpenAI(this IEndpointRouteBuilder routes)
    {
        Map(routes.MapGroup("/v1").WithTags(Group));
        Map(routes.MapGroup("").ExcludeFromDescription());
        return routes;
    }

    private static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/chat/completions", static (HttpContext context, ChatCompletionsEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Answers a conversation, with pictures; whole, or as server-sent events")
            .WithMetadata(s_chat)
            .Produces(StatusCodes.Status200OK, contentType: "application/json", additionalContentTypes: "text/event-stream")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests);
        Read(group, "/models", static (HttpContext context, ModelsEndpoint endpoint) => endpoint.ListAsync(context), "Models that this server serves");
        Read(group, "/models/{**id}", static (HttpContext context, ModelsEndpoint endpoint, string id) => endpoint.GetAsync(context, id), "One model");
    }

    private static void Read(RouteGroupBuilder group, string pattern, Delegate handler, string summary)
    {
        group.MapGet(pattern, handler).WithSummary(summary).Produces(StatusCodes.Status200OK, contentType: "application/json");
        group.MapMethods(pattern, [HttpMethods.Head], handler).ExcludeFromDescription();
    }
}
