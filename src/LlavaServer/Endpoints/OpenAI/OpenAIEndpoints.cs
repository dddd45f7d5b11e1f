namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Routes of the OpenAI dialect, each with and without <c>/v1</c>: many users leave it out of the base address.</summary>
internal static class OpenAIEndpoints
{
    private static readonly string[] s_read = [HttpMethods.Get, HttpMethods.Head];

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
        foreach (var prefix in (ReadOnlySpan<string>)["/v1", ""])
        {
            routes.MapPost(prefix + "/chat/completions", static (HttpContext context, ChatCompletionsEndpoint endpoint) => endpoint.HandleAsync(context));
            routes.MapMethods(prefix + "/models", s_read, static (HttpContext context, ModelsEndpoint endpoint) => endpoint.ListAsync(context));
            routes.MapMethods(
                prefix + "/models/{**id}", s_read, static (HttpContext context, ModelsEndpoint endpoint, string id) => endpoint.GetAsync(context, id));
        }

        return routes;
    }
}
