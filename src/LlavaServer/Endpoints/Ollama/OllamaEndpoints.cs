namespace LlavaServer.Endpoints.Ollama;

/// <summary>Routes of the Ollama dialect.</summary>
internal static class OllamaEndpoints
{
    public static IEndpointRouteBuilder MapOllama(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], static (HttpContext context) => context.Response.WriteAsync("Ollama is running"));
        return routes;
    }
}
