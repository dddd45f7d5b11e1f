using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Metrics;

/// <summary>Generations of one server by their outcome. What is exported from a process with several servers is the sum of all.</summary>
internal sealed class RequestCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _outcomes = new();

    public RequestCounts(ScriptedServer server)
    {
        var factory = server.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "llavaserver.requests" && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "outcome")
                {
                    _outcomes.AddOrUpdate((string)tag.Value!, count, (_, sum) => sum + count);
                }
            }
        });
        _listener.Start();
    }

    public long this[string outcome] => _outcomes.GetValueOrDefault(outcome);

    public void Dispose() => _listener.Dispose();
}
