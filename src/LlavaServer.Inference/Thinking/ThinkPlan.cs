namespace LlavaServer.Inference.Thinking;

/// <summary>What one answer that may begin with thoughts needs to be picked and read. Immutable; shared by the choices of a request.</summary>
/// <param name="Markers">Between which the model thinks.</param>
/// <param name="IsOpen">The prompt ends with the opening marker: the answer begins within.</param>
/// <param name="Tokens">Control tokens of the vocabulary that are part of a marker: their text is read although control tokens have none.</param>
internal sealed record ThinkPlan(ThinkMarkers Markers, bool IsOpen, IReadOnlyList<int> Tokens);
