using System.Globalization;
using System.Text;
using LlavaServer.Inference;

namespace LlavaServer.Metrics;

/// <summary>
/// llama-server's metrics with its names, as Prometheus text. They hold a colon, which the exporter of the other metrics does not write, so they are a
/// block of their own, from the same sums. Singleton, thread-safe.
/// </summary>
internal sealed class LlamaMetrics(InferenceMetrics metrics)
{
    /// <summary>Appends all metrics, each with its help and type.</summary>
    public void Write(StringBuilder text)
    {
        var totals = metrics.Totals;
        Counter(text, "prompt_tokens_total", "Prompt tokens that were computed.", totals.PromptTokens);
        Counter(text, "prompt_tokens_cached_total", "Prompt tokens that were cached.", totals.CachedTokens);
        Counter(text, "prompt_seconds_total", "Time in which prompts were computed.", totals.PromptTime.TotalSeconds);
        Counter(text, "tokens_predicted_total", "Tokens of answers.", totals.GeneratedTokens);
        Counter(text, "tokens_predicted_seconds_total", "Time in which answers were generated.", totals.GenerationTime.TotalSeconds);
        Counter(text, "n_decode_total", "Steps of the engines.", totals.Steps);
        Counter(text, "n_tokens_max", "Prompt and answer of the longest sequence, in tokens.", totals.MostTokens);
        Gauge(text, "prompt_tokens_seconds", "Prompt tokens computed in a second, on average.", Rate(totals.PromptTokens, totals.PromptTime));
        Gauge(text, "predicted_tokens_seconds", "Tokens generated in a second by one sequence, on average.", Rate(totals.GeneratedTokens, totals.GenerationTime));
        Gauge(text, "requests_processing", "Requests that hold a slot.", totals.Running);
        Gauge(text, "requests_deferred", "Requests that wait for a slot.", totals.Waiting);
        Gauge(text, "n_busy_slots_per_decode", "Sequences of one step, on average.", totals.Steps == 0 ? 0 : (double)totals.StepSequences / totals.Steps);
    }

    private static double Rate(long tokens, TimeSpan time) => time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0;

    private static void Counter(StringBuilder text, string name, string help, double value) => Append(text, name, "counter", help, value);

    private static void Gauge(StringBuilder text, string name, string help, double value) => Append(text, name, "gauge", help, value);

    // Line feeds only, as the format has them.
    private static void Append(StringBuilder text, string name, string type, string help, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP llamacpp:{name} {help}\n# TYPE llamacpp:{name} {type}\nllamacpp:{name} {value:R}\n");
}
