using LlavaServer.Edge.Access;
using Microsoft.Extensions.Options;

namespace LlavaServer.Health;

/// <summary>Probes: they read a few fields and never wait for the engine.</summary>
internal static class HealthEndpoints
{
    private static readonly string[] s_read = [HttpMethods.Get, HttpMethods.Head];

    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<DrainState>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<HealthReport>();
        services.AddHostedService<DrainService>();
        services.AddOptions<HostOptions>().Configure<IOptions<Configuration.ShutdownOptions>>(
            static (host, shutdown) => host.ShutdownTimeout = shutdown.Value.Delay + shutdown.Value.Grace + TimeSpan.FromSeconds(10));
        return services;
    }

    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Health").WithAccess(AccessGroup.Open);
        foreach (var path in (ReadOnlySpan<string>)["/livez", "/healthz"])
        {
            group.MapMethods(path, s_read, static (HttpContext context, Readiness readiness) => WriteText(context, !readiness.HasFailed, "alive"));
        }

        group.MapMethods("/readyz", s_read, static (HttpContext context, Readiness readiness, DrainState drain) =>
            WriteText(context, readiness.IsReady && drain.Phase == DrainPhase.Serving, "ready"));
        foreach (var path in (ReadOnlySpan<string>)["/health", "/v1/health"])
        {
            group.MapMethods(path, s_read, static (HttpContext context, HealthReport report) => report.WriteAsync(context));
        }

        return routes;
    }

    private static Task WriteText(HttpContext context, bool isWell, string word)
    {
        context.Response.StatusCode = isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        if (!isWell)
        {
            context.Response.Headers.RetryAfter = "5";
        }

        return context.Response.WriteAsync(isWell ? word + "\n" : $"not {word}\n", context.RequestAborted);
    }
}
