using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>A sequence and the executor that it was handed to.</summary>
internal sealed record PreparedSequence(Sequence Sequence, Executor Executor);
