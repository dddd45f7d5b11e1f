namespace LlavaServer.Training.Evaluation;

/// <summary>One question, its only right answer, and the family that it is counted in.</summary>
public sealed record HeldOutTurn(string Family, string Question, string Answer);
