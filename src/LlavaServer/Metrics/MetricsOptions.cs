namespace LlavaServer.Metrics;

/// <summary>Who may read <c>/metrics</c>, section <c>Llava:Metrics</c>.</summary>
internal sealed class MetricsOptions
{
    /// <summary>Answers <c>GET /metrics</c>. Default on: it has no text of any caller.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Asks for no key, also where keys are configured. Default off.</summary>
    public bool Public { get; set; }
}
