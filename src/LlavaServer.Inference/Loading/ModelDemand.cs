namespace LlavaServer.Inference.Loading;

/// <summary>What a request wants of the model that it leases. Immutable.</summary>
public sealed record ModelDemand
{
    /// <summary>Idle time after which the model leaves memory, from now on; zero at once, negative never, null as it is.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Positions of a sequence at least; null is what the settings say. A model with fewer is loaded again if there is memory for it.</summary>
    public int? ContextLength { get; init; }
}
