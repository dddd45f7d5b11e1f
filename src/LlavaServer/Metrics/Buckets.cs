using LlavaServer.Inference;
using OpenTelemetry.Metrics;

namespace LlavaServer.Metrics;

/// <summary>Bounds of histogram buckets: durations from the shortest to the longest that matter, roughly doubling.</summary>
internal static class Buckets
{
    private static readonly (string Instrument, double[] Bounds)[] s_bounds =
    [
        ("gen_ai.server.request.duration", [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 300, 600]),
        ("gen_ai.server.time_to_first_token", [0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 15, 30, 60, 120]),
        ("gen_ai.server.time_per_output_token", [0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1, 2]),
        ("llavaserver.queue.duration", [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600]),
        ("llavaserver.image.encode.duration", [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 15, 30, 60]),
        ("llavaserver.model.load.duration", [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600]),
        ("llavaserver.image.size", [1 << 14, 1 << 16, 1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22, 1 << 23, 1 << 24, 20 << 20]),
        ("llavaserver.batch.sequences", [1, 2, 3, 4, 6, 8, 12, 16, 32, 64]),
    ];

    public static MeterProviderBuilder AddBuckets(this MeterProviderBuilder metrics)
    {
        foreach (var (instrument, bounds) in s_bounds)
        {
            metrics.AddView(
                candidate => candidate.Meter.Name == InferenceMetrics.MeterName && candidate.Name == instrument
                    ? new ExplicitBucketHistogramConfiguration { Boundaries = bounds }
                    : null);
        }

        return metrics;
    }
}
