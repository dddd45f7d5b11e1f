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
}
