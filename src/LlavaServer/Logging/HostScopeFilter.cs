using Serilog.Core;
using Serilog.Events;

namespace LlavaServer.Logging;

/// <summary>Takes the framework's copy of the request path out of log events: it is a caller's text, neither cut nor cleaned. Stateless.</summary>
internal sealed class HostScopeFilter : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        logEvent.RemovePropertyIfPresent("RequestPath");
        logEvent.RemovePropertyIfPresent("ConnectionId");
    }
}
