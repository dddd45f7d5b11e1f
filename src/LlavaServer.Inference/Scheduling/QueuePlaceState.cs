namespace LlavaServer.Inference.Scheduling;

/// <summary>Where a request with a <see cref="QueuePlace"/> is.</summary>
internal enum QueuePlaceState
{
    Waiting,
    Running,
    Released,
}
