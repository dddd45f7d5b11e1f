using LlavaServer.Edge.Access;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Routes of the dialect that this version does not serve. They say so: clients show the text of <c>error</c>, and would take a missing route for another
/// kind of server. The status is 400, because a client sends everything from 500 on again.
/// </summary>
internal static class OllamaUnavailable
{
    public static void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("").WithAccess(AccessGroup.Manage);
        Refuse(routes, HttpMethods.Post, "/api/create", "creating models");
        routes = all.MapGroup("");
        routes.MapPost("/api/me", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
        routes.MapPost("/api/signout", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
    }

    private static void Refuse(IEndpointRouteBuilder routes, string method, string pattern, string what) =>
        routes.MapMethods(pattern, [method], (HttpContext _) => throw RequestException.Unsupported(
            "", $"{what} is not available in this version of LlavaServer")).ExcludeFromDescription();

    private static RequestException Unauthorized() => new(StatusCodes.Status401Unauthorized, "unauthorized", "unauthorized");
}
