namespace LlavaServer.Training.Evaluation;

/// <summary>One line of a held-out set: a picture's file name (null for talk without one) and its turns.</summary>
public sealed record HeldOutConversation(string? Picture, IReadOnlyList<HeldOutTurn> Turns);
