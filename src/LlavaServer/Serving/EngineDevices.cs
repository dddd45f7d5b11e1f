namespace LlavaServer.Serving;

/// <summary>What the native engine found to compute on.</summary>
/// <param name="Gpus">Graphics cards that it can use, by their names.</param>
/// <param name="Problem">Why there are none, and what to do about it; null when there are.</param>
internal sealed record EngineDevices(IReadOnlyList<string> Gpus, string? Problem);
