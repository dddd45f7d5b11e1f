using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>The answers of one request, one for each choice, the executor that they were handed to, and what reads them.</summary>
internal sealed record PreparedSequences(IReadOnlyList<Sequence> Sequences, Executor Executor, ChoiceReader Reader);
