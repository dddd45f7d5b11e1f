namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>A change of sequences, made before the rows of a <see cref="StepFrame"/>.</summary>
/// <param name="Source">The sequence that is copied; -1 when <paramref name="Target"/> is shortened.</param>
/// <param name="Target">The sequence that changes.</param>
/// <param name="Length">Its length afterwards, at most.</param>
internal readonly record struct WireChange(int Source, int Target, int Length);
