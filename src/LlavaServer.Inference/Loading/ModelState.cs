namespace LlavaServer.Inference.Loading;

/// <summary>Where a <see cref="ModelInstance"/> is between demand and end.</summary>
internal enum ModelState
{
    /// <summary>Waits for room in memory.</summary>
    Waiting,
    Loading,
    Loaded,

    /// <summary>Leaves memory.</summary>
    Stopping,
    Gone,
}
