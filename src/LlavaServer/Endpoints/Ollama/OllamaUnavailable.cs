using LlavaServer.Edge.Access;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Routes of the dialect that this version does not serve. They say so: clients show the text of <c>error</c>, and would take a missing route for another
/// kind of server. The status is 400, because a client sends everything from 500 on again.
/// </summary>
internal sealed class OllamaUnavailable(OllamaRequestReader reader, OllamaModels models)
{
    public static void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("").WithAccess(AccessGroup.Manage);
        Refuse(routes, HttpMethods.Post, "/api/pull", "pulling models");
        Refuse(routes, HttpMethods.Post, "/api/push", "pushing models");
        Refuse(routes, HttpMethods.Post, "/api/create", "creating models");
        routes = all.MapGroup("");
        routes.MapPost("/api/embed", static (HttpContext context, OllamaUnavailable endpoint) => endpoint.EmbedAsync(context)).ExcludeFromDescription();
        routes.MapPost("/api/embeddings", static (HttpContext context, OllamaUnavailable endpoint) => endpoint.EmbedAsync(context)).ExcludeFromDescription();
        routes.MapPost("/api/me", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
        routes.MapPost("/api/signout", static (HttpContext _) => throw Unauthorized()).ExcludeFromDescription();
    }

    /// <summary>Ollama's answers for names first, then that a model that completes does not embed.</summary>
    private async Task EmbedAsync(HttpContext context)
    {
        string text;
        using (var body = await reader.ReadBodyAsync(context))
        {
            text = body.Root.String("model") ?? "";
        }

        RequestRecord.Of(context).Model = text;
        if (text.Length == 0)
        {
            throw context.Request.Path.Value!.EndsWith("embed", StringComparison.OrdinalIgnoreCase)
                ? OllamaErrors.ModelNotFound("")
                : OllamaErrors.ModelRequired();
        }

        var name = OllamaModels.NameOf(text);
        throw models.Find(name) is null
            ? new RequestException(
                StatusCodes.Status404NotFound, "model_not_found", $"model {OllamaText.Quote(text)} not found, try pulling it first", "model")
            : RequestException.Unsupported("model", $"{OllamaText.Quote(text)} does not support embeddings");
    }

    private static void Refuse(IEndpointRouteBuilder routes, string method, string pattern, string what) =>
        routes.MapMethods(pattern, [method], (HttpContext _) => throw RequestException.Unsupported(
            "", $"{what} is not available in this version of LlavaServer")).ExcludeFromDescription();

    private static RequestException Unauthorized() => new(StatusCodes.Status401Unauthorized, "unauthorized", "unauthorized");
}
