using LlavaServer.Edge.Access;
using LlavaServer.Endpoints;
using LlavaServer.Inference;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace LlavaServer.Metrics;

/// <summary><c>GET /metrics</c>: the instruments of inference and of the web server, as Prometheus text.</summary>
internal static class MetricsExtensions
{
    private const string Path = "/metrics";
    private static readonly string[] s_methods = [HttpMethods.Get, HttpMethods.Head];

    public static IServiceCollection AddServerMetrics(this IServiceCollection services)
    {
        services.AddSingleton<LlamaMetrics>();
        services.AddSingleton<MetricsBranch>();
        services.AddSingleton<ServerMetrics>();
        services.AddOpenTelemetry().WithMetrics(static metrics => metrics
            .AddMeter(InferenceMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddBuckets()
            .AddPrometheusExporter(static exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0));
        return services;
    }

    public static IEndpointRouteBuilder MapMetrics(this IEndpointRouteBuilder routes)
    {
        var options = routes.ServiceProvider.GetRequiredService<IOptions<MetricsOptions>>().Value;
        routes.ServiceProvider.GetRequiredService<ServerMetrics>();
        if (!options.Enabled)
        {
            routes.MapMethods(Path, s_methods, static Task () =>
                throw new RequestException(StatusCodes.Status403Forbidden, "endpoint_disabled", "Metrics are switched off (Metrics:Enabled).")).ExcludeFromDescription();
            return routes;
        }

        var branch = routes.ServiceProvider.GetRequiredService<MetricsBranch>();
        routes
            .MapPrometheusScrapingEndpoint(Path, null, app => app.Use(next => context => branch.InvokeAsync(context, next)), null)
            .WithMetadata(new HttpMethodMetadata(s_methods))
            .WithAccess(options.Public ? AccessGroup.Open : AccessGroup.Use);
        return routes;
    }
}
