using System.Net;
using LlavaServer.Configuration;
using LlavaServer.Edge.Access;
using LlavaServer.Edge.Remote;
using LlavaServer.Endpoints;
using LlavaServer.Endpoints.Anthropic;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Logging;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace LlavaServer.Edge;

/// <summary>Listener, its limits, and what reads requests and writes refusals.</summary>
internal static class EdgeServiceCollectionExtensions
{
    /// <summary>Kestrel ends header lines at a bare line feed, where other servers may not, unless this process-wide switch is on.</summary>
    private const string NoBareLineFeeds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    public static IServiceCollection AddNetworkEdge(this IServiceCollection services)
    {
        AppContext.SetSwitch(NoBareLineFeeds, true);
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServerOptions>, IOptions<LimitsOptions>>(Configure);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<JsonBodyReader>();
        services.AddSingleton<OriginRules>();
        services.AddSingleton<OpenAIErrors>();
        services.AddSingleton<AnthropicErrors>();
        services.AddSingleton<OllamaErrors>();
        services.AddSingleton<ErrorDialects>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<FailedKeys>();
        services.AddSingleton<RequestLog>();
        services.AddSingleton<RemoteNetwork>();
        services.AddSingleton<RemoteImages>();
        services.AddSingleton<LocalImages>();
        return services;
    }

    private static void Configure(KestrelServerOptions kestrel, IOptions<ServerOptions> server, IOptions<LimitsOptions> options)
    {
        var limits = options.Value;
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector =
            static name => name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? DigitsEncoding.Instance : null;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
        // Size and pace of bodies are judged by JsonBodyReader, the pace of answers by StreamOutput: Kestrel resets where an answer is due.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        var address = server.Value.Address;
        if (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            kestrel.ListenLocalhost(address.Port, static listen => listen.Protocols = HttpProtocols.Http1);
            return;
        }

        if (!IPAddress.TryParse(address.Host, out var ip))
        {
            ip = address.Host.Length == 0 ? IPAddress.IPv6Any : Dns.GetHostAddresses(address.Host)[0];
        }

        kestrel.Listen(ip, address.Port, static listen => listen.Protocols = HttpProtocols.Http1);
    }
}
