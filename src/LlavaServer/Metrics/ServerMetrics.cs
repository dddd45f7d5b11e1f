using System.Diagnostics.Metrics;
using LlavaServer.Health;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;

namespace LlavaServer.Metrics;

/// <summary>Instruments of what the server is and holds: its build, whether it drains, the models in memory. Made once, observed on scrapes.</summary>
internal sealed class ServerMetrics
{
    private readonly ModelPool _pool;

    public ServerMetrics(IMeterFactory meters, ModelPool pool, DrainState drain)
    {
        _pool = pool;
        var meter = meters.Create(InferenceMetrics.MeterName);
        var build = new KeyValuePair<string, object?>[]
        {
            new("version", ProductVersion.Short), new("commit", ProductVersion.Commit),
        };
        meter.CreateObservableGauge("llavaserver.build_info", () => new Measurement<int>(1, build), null, "Always 1; the build is in the labels.");
        meter.CreateObservableGauge("llavaserver.draining", () => drain.Phase == DrainPhase.Serving ? 0 : 1, null, "1 from the moment that the server refuses new requests.");
        meter.CreateObservableGauge("llavaserver.model.loaded", () => Observe(static _ => 1L, withEngine: true), null, "1 for each model in memory.");
        meter.CreateObservableGauge(
            "llavaserver.kv_cache.usage", ObserveUsage, "1", "Share of the positions for keys and values that running and kept sequences take.");
        meter.CreateObservableGauge("llavaserver.model.memory", () => Observe(static model => model.MemoryBytes, withEngine: false), "By", "Memory of the models' weights and stored sequences.");
    }

    private IEnumerable<Measurement<double>> ObserveUsage() =>
        _pool.Loaded.Select(static model => new Measurement<double>(model.KVUsage, new KeyValuePair<string, object?>("model", model.Entry.Name)));

    private IEnumerable<Measurement<long>> Observe(Func<RunningModel, long> value, bool withEngine)
    {
        foreach (var running in _pool.Running)
        {
            var tags = new List<KeyValuePair<string, object?>> { new("model", running.Model.Entry.Name), new("device", running.Model.Info.Device) };
            if (withEngine)
            {
                tags.Add(new("engine", running.Model.Info.EngineName));
            }

            yield return new Measurement<long>(value(running), tags);
        }
    }
}
