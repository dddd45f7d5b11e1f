using LlavaServer.Edge.Access;

namespace LlavaServer.Edge;

/// <summary>The steps between a connection and a route, in order.</summary>
internal static class EdgeApplicationBuilderExtensions
{
    public static IApplicationBuilder UseNetworkEdge(this IApplicationBuilder app)
    {
        app.UseMiddleware<RequestMiddleware>();
        app.UseMiddleware<PathRules>();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseMiddleware<FramingGuard>();
        app.UseMiddleware<HostGuard>();
        app.UseMiddleware<OriginGuard>();
        return app;
    }

    /// <summary>The step behind routing: what may be called is a matter of the route, not of the path's spelling.</summary>
    public static IApplicationBuilder UseKeys(this IApplicationBuilder app) => app.UseMiddleware<KeyGuard>();
}
