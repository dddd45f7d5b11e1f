namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Routes of the dialect that this version does not serve. They say so: clients show the text of <c>error</c>, and would take a missing route for another
/// kind of server. The status is 400, because a client sends everything from 500 on again.
/// </summary>
internal static class OllamaUnavailable
{
    public static void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("");
        routes.MapPost("/api/me", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
        routes.MapPost("/api/signout", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
    }

    private static RequestException Unauthorized() => new(StatusCodes.Status401Unauthorized, "unauthorized", "unauthorized");
}
